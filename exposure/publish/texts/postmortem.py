"""What a post-mortem is built on: what happened, in order, how it was found, what was lost, what is still not known. Pure.

What only people know (why it could happen, what will change) stands as a line to fill in: the program does not make it up.
"""

from exposure.publish import times
from exposure.publish.texts.known import addresses, control, counts, lost, over, unknowns
from exposure.publish.texts.sentences import Sentence, Speaker

_KINDS = {
    "last_known_good": "The last version that is known to be good was served.",
    "first_bad": "The malicious version is first known to have been served.",
    "detected": "We learned of it.",
    "public_notice": "We warned the public.",
    "last_bad": "The malicious version is last known to have been served.",
    "first_known_good": "The first version that is known to be good again was served.",
}


def happened(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say how it ended and who holds the site."""
    return (over(speaker), *control(speaker))


def timeline(speaker: Speaker) -> tuple[Sentence, ...]:
    """Give the facts of incident.toml in order, and the bounds that were published."""
    rows = [(time, _KINDS[kind], "stated") for kind, time in speaker.facts.timeline]
    for condition in speaker.facts.conditions:
        name = condition.window_check
        sure = "" if speaker.proven(name) else " We believe so: the other end is not known."
        if condition.t1:
            rows.append(
                (condition.t1, f"Start of the time that our advice names (to the second, before rounding).{sure}", name)
            )
        if condition.t2:
            rows.append((condition.t2, f"End of the time that our advice names, caches included.{sure}", name))
    # Kept in order of time; of one second, as they were found.
    rows = sorted(dict.fromkeys(rows), key=lambda row: row[0])
    return tuple(
        speaker.say(f"{times.show_exact(time)}: {text}", "a fact of the case", check) for time, text, check in rows
    )


def learned(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say how long it took from start to notice, where the facts say it."""
    known = dict(speaker.facts.timeline)
    found = []
    for first, then, text in (
        ("first_bad", "detected", "From the first malicious version to the moment at which we learned of it: {}."),
        ("detected", "public_notice", "From that moment to our first public warning: {}."),
    ):
        if first in known and then in known and known[then] >= known[first]:
            minutes = int((known[then] - known[first]).total_seconds() // 60)
            hours, rest = divmod(minutes, 60)
            took = f"{hours} h {rest:02} min" if hours else f"{rest} min"
            found.append(speaker.say(text.format(took), "difference of two facts", "stated"))
    return tuple(found)


def harm(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say how many, what, and to whom."""
    return (*counts(speaker), *lost(speaker), *addresses(speaker, always=True))


def open_questions(speaker: Speaker) -> tuple[Sentence, ...]:
    """Say what is still not known."""
    return tuple(unknowns(speaker))


def thanks(speaker: Speaker) -> tuple[Sentence, ...]:
    """Thank those who reported it."""
    text = "We thank everyone who reported this, warned others, and helped to trace and save assets."
    return (speaker.say(text, "thanks"),)
