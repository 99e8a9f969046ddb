"""What every text holds after its remedy: who need not act, whom to trust, where updates come, who speaks. Pure."""

from exposure.publish import times
from exposure.publish.markdown import break_host, inert, join_or
from exposure.publish.texts.sentences import Sentence, Speaker, show_count


def both(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say what to do where there are two remedies, and a reader cannot tell which is theirs."""
    if len(speaker.facts.remedies) < 2:
        return ()
    text = "If more than one of these describes you, or you do not know which one does, do all of the steps, in this order."
    return (speaker.say(text, "one incident can hold both kinds of harm", "remedy"),)


def cleared(speaker: Speaker) -> list[Sentence]:
    """Say what a person has vouched for; a veto of the data drops the sentence."""
    found = []
    for action in speaker.facts.cleared:
        if speaker.proven(f"cleared:{action.name}"):
            why = inert(action.why).rstrip(".")
            text = (
                f"If you {inert(action.words)}{speaker.where()}: that alone did not put your wallet at risk ({why}). "
            )
            text += "Whatever else you did there still counts."
            found.append(speaker.say(text, f"{action.name} is cleared by {action.by}", f"cleared:{action.name}"))
    if speaker.proven("hardware"):
        text = "A hardware wallet is not affected, unless you typed its recovery phrase."
        found.append(speaker.say(text, "every exposure is key", "hardware"))
    return found


def nobody_else(speaker: Speaker) -> Sentence:
    """Say what to do if none of it describes the reader, and that no harm seen is no safety."""
    text, checks = not_described(speaker)
    return speaker.say(
        f"{text} Even if nothing has been taken from your wallet so far, that does not show that it is safe.",
        "safe is never concluded from data",
        *checks,
    )


def not_described(speaker: Speaker) -> tuple[str, tuple[str, ...]]:
    """Give the words for readers whom no sentence describes, and the checks behind them.

    "Nothing that you must do" is said where the condition is complete (see claims), and nowhere else.
    """
    rest = "We cannot yet say that anything else was safe, so follow the updates."
    if not speaker.proven("complete"):
        return rest, ()
    return f"If you did none of this, we know of nothing that you must do now. {rest}", ("complete",)


def stay_away(speaker: Speaker) -> list[Sentence]:
    """Warn off the site while others may hold it."""
    safe = speaker.facts.control == "regained" and speaker.facts.status != "ongoing"
    if safe or not (speaker.facts.sites or speaker.facts.conditions):
        return []
    site = join_or(map(break_host, speaker.facts.sites)) or "the affected software"
    until = "the attack is over" if speaker.facts.control == "regained" else "it is ours again"
    text = f"Do not use {site}, whatever it shows you, until we say that {until}."
    return [speaker.say(text, "control is not regained, or the attack goes on", "stated")]


def no_secrets(speaker: Speaker) -> Sentence:
    """Take the impostors' first sentence from them."""
    text = (
        "Nobody from our team will ask for your recovery phrase or private key, or for money to get your assets back."
    )
    return speaker.say(f"{text} Anyone who does is an impostor.", "advice")


def updates(speaker: Speaker) -> tuple[Sentence, ...]:
    """Name the one place for updates, and when the next one comes."""
    links = speaker.facts.links
    place = f"Updates: {links.source}" if links.source else "We post updates where you read this."
    found = [speaker.say(place, "the one public place that is updated")]
    if links.next_update:
        due = times.show_clock_beside(times.ceil_quarter(links.next_update), speaker.facts.zones)
        found.append(speaker.say(f"The next one comes by {due}.", "when the next update comes"))
    elif links.update_every:
        minutes = int(links.update_every.total_seconds() // 60)
        text = f"The next one comes within {show_count(minutes, 'minute')} of this one."
        found.append(speaker.say(text, "when the next update comes"))
    if links.support:
        found.append(speaker.say(f"Questions: {links.support}", "whom to ask"))
    return tuple(found)


def signature(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say who speaks, and as of when."""
    signer, as_of = speaker.facts.links.signer, speaker.facts.as_of
    found = [speaker.say(inert(signer), "who speaks")] if signer else []
    if as_of:
        known = f"Written with what we knew at {times.show_time(as_of)}."
        found.append(speaker.say(known, "as of when the data speaks"))
    return tuple(found)
