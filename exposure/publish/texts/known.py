"""What is known so far, and what is not: counts, losses, addresses, open bounds, holes. Pure."""

from exposure.publish import times
from exposure.publish.facts import Condition
from exposure.publish.holes import public_holes
from exposure.publish.markdown import break_host, inert, join_and
from exposure.publish.texts.sentences import Sentence, Speaker, checksum, show_count, show_enemies, show_words


def over(speaker: Speaker) -> Sentence:
    """Say that it has ended, as surely as a fact backs it; where no data shows an attack, say that."""
    if not speaker.facts.attack_shown:
        text = "Our records and the chain show no sign that there was an attack. We believe that it is over, if it was one."
        return speaker.say(text, "nothing shows an attack", "attack")
    site = join_and(map(break_host, speaker.facts.sites))
    verb = "serves" if len(speaker.facts.sites) == 1 else "serve"
    text = f"{site} no longer {verb} the malicious code" if site else "the malicious code is no longer served"
    if not speaker.proven("over"):
        text = f"we believe that {text}"
    word = "contained" if speaker.facts.status == "contained" else "over"
    return speaker.say(f"The attack is {word}: {text}.", f"status is {speaker.facts.status}", "over")


def going_on(speaker: Speaker) -> Sentence:
    """Say that it has not ended; where no data shows an attack, that we act as if there were one."""
    if not speaker.facts.attack_shown:
        text = (
            "We do not know yet whether this is an attack: our records and the chain show no sign of one so far. "
            "Until we know, "
        )
        return speaker.say(text + "we treat it as one that is still going on.", "nothing shows an attack", "attack")
    return speaker.say("The attack is still going on.", "the attack is ongoing", "stated")


def control(speaker: Speaker) -> list[Sentence]:
    """Say that the site is ours again, where incident.toml says so."""
    if not speaker.facts.sites or not speaker.proven("control"):
        return []
    verb = "is" if len(speaker.facts.sites) == 1 else "are"
    text = f"{join_and(map(break_host, speaker.facts.sites))} {verb} under our control again."
    return [speaker.say(text, "control is regained", "control")]


def counts(speaker: Speaker) -> list[Sentence]:
    """Count, as "at least": wallets tied to this site, and apart from them those of the same attacker."""
    found = []
    taken, elsewhere = speaker.facts.counts.taken_from, speaker.facts.counts.elsewhere
    if taken:
        text = f"So far we know of at least {show_count(taken, 'wallet')} from which assets were taken."
        found.append(speaker.say(text, f"at least {taken} wallets", "taken"))
    if elsewhere:
        text = (
            f"The same attacker took from at least {show_count(elsewhere, 'more wallet' if taken else 'wallet')} that"
        )
        text += f" we cannot tie to {'this site' if speaker.facts.sites else 'this incident'} yet."
        found.append(speaker.say(text, f"{elsewhere} wallets that nothing ties to this incident", "elsewhere"))
    return found


def lost(speaker: Speaker) -> list[Sentence]:
    """Sum what was taken, per token and exact."""
    if not speaker.facts.lost:
        return []
    lines = []
    for tally in speaker.facts.lost:
        contract = "" if tally.native else f", contract `{checksum(tally.token)}`"
        lines.append(f"- {tally.number} {inert(tally.unit)} on {inert(tally.chain)}{contract}")
    return [speaker.say("At least the following was taken:\n" + "\n".join(lines), "exact sums of the losses", "lost")]


def addresses(speaker: Speaker, *, always: bool = False) -> list[Sentence]:
    """List the addresses that took assets: always in the follow-up, else where they are all that is known.

    Those to revoke stand in the remedy.
    """
    if speaker.facts.conditions and not always:
        return []
    takers = [enemy for enemy in speaker.facts.enemies if enemy.role not in ("spender", "delegate")]
    if not takers:
        return []
    sure = [enemy for enemy in takers if enemy.confirmed and not enemy.ordinary]
    believed = [enemy for enemy in takers if enemy not in sure]
    found = []
    if sure:
        found.append(speaker.say(f"The attacker's addresses:{show_enemies(sure)}", "named by a person", "enemies"))
    if believed:
        text = f"Addresses that we believe are the attacker's:{show_enemies(believed)}"
        found.append(speaker.say(text, "discovered, or doubtful: not confirmed by a person", "enemies"))
    return found


def unknowns(speaker: Speaker) -> list[Sentence]:
    """Say what is not known, and that the condition counts more than what we saw."""
    found = []
    conditions = speaker.facts.conditions
    if not conditions:
        found.append(speaker.say("We do not know yet which action exposed people.", "X is not known", "condition"))
    elif len({action for c in conditions for action in c.actions}) > 1 and all(c.is_x != "yes" for c in conditions):
        text = "We do not know yet which of these actions exposed people: take each as dangerous."
        found.append(speaker.say(text, "X is not proven", "condition"))
    found += [speaker.say(text, "what bounds the window") for text in _open_bounds(speaker)]
    found += [speaker.say(text, "a hole in the data", "holes") for text in public_holes(speaker.facts.holes)]
    text = "We cannot see everyone who is affected: what counts is what you did, not whether we wrote to you."
    return [*found, speaker.say(text, "the data never holds all victims", "holes")]


def _open_bounds(speaker: Speaker) -> list[str]:
    spans = speaker.facts.conditions or (speaker.facts.unknown_span,)
    starts = [span for span in spans if span.t1 is None]
    signs = [span.first_sign for span in starts if span.first_sign]
    found = []
    if starts:
        text = "We do not know yet when it began"
        sign = (
            f"; it had begun by {times.show_clock_beside(min(signs), speaker.facts.zones)}, and may have begun earlier"
            if signs
            else ""
        )
        found.append(f"{text}{sign}.")
    if speaker.facts.status != "ongoing" and any(span.t2 is None for span in spans):
        found.append("We do not know yet exactly when it ended.")
    if speaker.facts.cache and any(span.t2 for span in speaker.facts.conditions):
        hours = speaker.facts.cache.total_seconds() / 3600
        text = show_count(int(hours), "hour") if hours == int(hours) else show_count(int(hours * 60), "minute")
        found.append(
            f"Browsers may have kept the malicious file for a while: the end of the time above includes {text} for that."
        )
    return found


def _exactly(condition: Condition) -> str:
    start, end = (times.show_exact(time) if time else "" for time in (condition.t1, condition.t2))
    if start and end:
        return f"from {start} to {end}"
    if start:
        return f"from {start}; we do not know exactly when it ended"
    return (
        f"until {end}; we do not know when it began"
        if end
        else "we do not know when it began, nor exactly when it ended"
    )


def exact_times(speaker: Speaker) -> tuple[Sentence, ...]:
    """Give the bounds as they are in the data; the condition rounds them outward to the quarter hour."""
    found = []
    for condition in speaker.facts.conditions:
        words = show_words(condition)
        text = f"{words[:1].upper()}{words[1:]}{speaker.where(condition.hosts)}: {_exactly(condition)}."
        found.append(speaker.say(text, "the published bounds, to the second", condition.window_check))
    return tuple(found)
