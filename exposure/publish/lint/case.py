"""Rules that hold a text against the case's data: what no other linter can know. Pure; each is silent without a case."""

import re
from collections.abc import Iterator
from datetime import datetime

from exposure.publish.facts import Facts
from exposure.publish.lint.draft import Draft
from exposure.publish.lint.links import hosts
from exposure.publish.lint.moments import DETECTED, Window, windows
from exposure.publish.lint.rule import Hit, rule
from exposure.publish.lint.who import CLEARS, conditions, exposures
from exposure.publish.lint.words import AT_LEAST
from exposure.publish.texts.links import domain_of
from exposure.publish.times import show_when

_I = re.IGNORECASE
_ADDRESS = re.compile(r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_COUNT = re.compile(
    r"\b(?P<number>\d{1,3}(?:,\d{3})+|\d{1,7})\+?\s+(?:more |other |affected |compromised |exposed |drained "
    r"|confirmed |unique |different |user |known ){0,2}"
    r"(?:wallets?|users?|addresses|accounts?|victims?|people|customers?)\b",
    _I,
)
_OVER = re.compile(
    r"\b(?:(?:attack|incident|issue|exploit|problem|situation|threat)\s+(?:is|was|has been|is now"
    r"|has now been)\s+(?:now )?(?:over|resolved|contained|fixed|mitigated|neutrali[sz]ed|under control)"
    r"|(?:we have|we've|have) (?:resolved|contained|fixed|mitigated|neutrali[sz]ed)|(?:site|website|front ?end"
    r"|app|dapp|it) is (?:now )?(?:safe|secure|clean)(?: to use)?(?: again)?)\b",
    _I,
)
_CONTROL = re.compile(
    r"\b(?:regained|restored|recovered|taken back|have back|back (?:under|in) our)\b[^.!?]{0,40}\b(?:control"
    r"|domain|dns|site)|\bunder our control\b|\b(?:is|are) ours again",
    _I,
)
_DENIED = re.compile(r"\b(?:not|n.t|no|until|unless|when|once|whether|if|nothing)\b[^.!?]{0,40}$", _I)
_WALLETS_OF = re.compile(r"\b(?:if you|if your|users? who|anyone who|those who)\b", _I)


def _bounded(facts: Facts) -> tuple[datetime | None, datetime | None]:
    """Give the widest published bounds over all conditions; None = not bounded."""
    starts, ends = [c.t1 for c in facts.conditions], [c.t2 for c in facts.conditions]
    low = None if None in starts else min((t for t in starts if t), default=None)
    high = None if None in ends else max((t for t in ends if t), default=None)
    return low, high


def _told(draft: Draft) -> list[Window]:
    """Give the windows of the text that speak of who is affected."""
    named = [
        window
        for window in windows(draft)
        if not DETECTED.search(window.sentence.text) and not CLEARS.search(window.sentence.text)
    ]
    about = [
        window
        for window in named
        if _WALLETS_OF.search(window.sentence.text) or re.search(r"\baffected\b", window.sentence.text, _I)
    ]
    return about or named


@rule(
    "case-window",
    "error",
    "The window is not narrower than the data's",
    why="A victim outside the window that you publish reads that they are not affected: the worst thing that a "
    "text can do.",
    section="data",
    bad="If you entered your recovery phrase on examplewallet[.]com between 09:30 and 10:30 UTC on Wednesday 4 "
    "March 2026, move.",
    good="If you entered your recovery phrase on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 "
    "March 2026, move.",
    needs_case=True,
)
def case_window(draft: Draft) -> Iterator[Hit]:
    """Compare the widest window of the text with the published bounds."""
    facts = draft.ground.facts
    assert facts is not None
    told = _told(draft)
    low, high = _bounded(facts)
    starts = [window.first for window in told if window.first and window.first.utc]
    ends = [window.last for window in told if window.last and window.last.utc]
    right = _right(facts)
    if starts and low:
        first = min(starts, key=lambda moment: moment.utc or low)
        if first.utc and first.utc > low:
            yield Hit(
                first.start,
                first.end,
                "later than the start that the data shows: victims before it are left out",
                right,
            )
    if ends and high and facts.status != "ongoing":
        last = max(ends, key=lambda moment: moment.utc or high)
        if last.utc and last.utc < high:
            yield Hit(
                last.start, last.end, "earlier than the end that the data shows: victims after it are left out", right
            )


def _right(facts: Facts) -> str:
    conditions_ = facts.conditions
    if not conditions_:
        return "see claims.json"
    low = min((c.public_t1 for c in conditions_ if c.public_t1), default=None)
    high = None if facts.status == "ongoing" else max((c.public_t2 for c in conditions_ if c.public_t2), default=None)
    return f'the data allows "{show_when(low, high)}"'


@rule(
    "case-wide",
    "warning",
    "The window is not much wider than the data's",
    why="Every hour too many sends people who are safe to move their funds.",
    section="data",
    bad="If you entered your recovery phrase on examplewallet[.]com between 01:00 and 23:00 UTC on Wednesday 4 "
    "March 2026, move.",
    good="If you entered your recovery phrase on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 "
    "March 2026, move.",
    needs_case=True,
)
def case_wide(draft: Draft) -> Iterator[Hit]:
    """Look for bounds that lie more than an hour outside the published ones."""
    facts = draft.ground.facts
    assert facts is not None
    low, high = _bounded(facts)
    for window in _told(draft):
        if window.first and window.first.utc and low and (low - window.first.utc).total_seconds() > 3600:
            yield Hit(
                window.first.start,
                window.first.end,
                "more than an hour before anything that the data shows",
                _right(facts),
            )
        if (
            window.last
            and window.last.utc
            and high
            and facts.status != "ongoing"
            and (window.last.utc - high).total_seconds() > 3600
        ):
            yield Hit(
                window.last.start,
                window.last.end,
                "more than an hour after anything that the data shows",
                _right(facts),
            )


@rule(
    "case-open",
    "error",
    "No end while it goes on",
    why="While the attack goes on there is no end: whoever acts after the one that you wrote believes to be safe.",
    section="data",
    bad="If you entered your recovery phrase on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 "
    "March 2026, move.",
    good="If you entered your recovery phrase there at any time since 09:00 UTC on Wednesday 4 March 2026, move. "
    "The attack is still going on.",
    needs_case=True,
)
def case_open(draft: Draft) -> Iterator[Hit]:
    """Look for an end of the window where incident.toml says that it is ongoing."""
    facts = draft.ground.facts
    if facts is None or facts.status != "ongoing":
        return
    for window in _told(draft):
        if window.last:
            yield Hit(
                window.last.start,
                window.last.end,
                "incident.toml says that the attack is ongoing: it has no end yet",
                _right(facts),
            )


@rule(
    "case-over",
    "error",
    "It does not say that it is over while it is not",
    why="Who reads that it is over goes back to the site.",
    section="data",
    bad="The issue has been resolved and the site is safe to use again.",
    good="The attack is still going on. Do not use examplewallet[.]com until we say that it is over.",
    needs_case=True,
)
def case_over(draft: Draft) -> Iterator[Hit]:
    """Hold "resolved", "safe again" and "under our control" against status and control of incident.toml."""
    facts = draft.ground.facts
    assert facts is not None
    for pattern, wrong, text in (
        (_OVER, facts.status == "ongoing", "incident.toml says that the attack is ongoing"),
        (_CONTROL, facts.control != "regained", f"incident.toml says that control is {facts.control}"),
    ):
        for match in pattern.finditer(draft.seen) if wrong else ():
            if not _DENIED.search(draft.seen[max(0, match.start() - 60) : match.start()]):
                yield Hit(
                    match.start(), match.end(), text, "leave it out, or correct incident.toml and run `exposure advise`"
                )


@rule(
    "case-exposure",
    "error",
    "It names every kind of harm that the data shows",
    why="Key and signature have opposite remedies. Who is told of one and did the other does the wrong thing and "
    "believes to be safe.",
    section="remedy",
    bad="If you signed an approval on examplewallet[.]com at any time since 09:00 UTC on Wednesday 4 March 2026, "
    "revoke it.",
    good="If you entered your recovery phrase there at any time since 09:00 UTC on Wednesday 4 March 2026, move "
    "everything.",
    needs_case=True,
    not_for=("amplify",),
)
def case_exposure(draft: Draft) -> Iterator[Hit]:
    """Compare the kinds of harm in the text's conditions with those of the case."""
    facts = draft.ground.facts
    assert facts is not None
    found = conditions(draft)
    told = exposures(draft)
    if not found or not facts.conditions:
        return
    words = {"key": "secrets were typed or taken", "approval": "signatures were taken"}
    sentence = found[0][0]
    for kind in facts.remedies:
        if kind not in told:
            mine = " or ".join(word for c in facts.condition_of(kind) for word in c.words)
            hint = f'name it: "If you {mine} ..."' if mine else "say it, with its remedy"
            yield Hit(
                sentence.start, sentence.end, f"the data shows that {words[kind]}, and the text does not say so", hint
            )
    for extra in sorted(told - set(facts.remedies)):
        other = "secrets that were typed" if extra == "key" else "signatures"
        yield Hit(
            sentence.start,
            sentence.end,
            f"the text speaks of {other}, and nothing in the data does",
            "say what people did, as the case's actions do",
        )


@rule(
    "case-count",
    "error",
    "Numbers are those of the data",
    why="A number that was wrong once makes the rest doubtful, and journalists copy numbers first.",
    section="counts",
    bad="So far we know of at least 412 wallets from which assets were taken.",
    good="So far we know of at least 9 wallets from which assets were taken.",
    needs_case=True,
)
def case_count(draft: Draft) -> Iterator[Hit]:
    """Compare counts of wallets with those that the case can show; wallets of other sites do not count."""
    facts = draft.ground.facts
    assert facts is not None
    counts = facts.counts
    verdicts = counts.verdicts
    known = {counts.taken_from, counts.elsewhere, *verdicts.values()}
    known |= {
        verdicts.get("compromised", 0) + verdicts.get("probable", 0),
        sum(verdicts.get(v, 0) for v in ("compromised", "probable", "exposed")),
    }
    outside = sum(1 for fit in facts.fits if fit.verdict == "compromised" and fit.answer == "outside")
    known |= {counts.described, counts.described_unharmed, outside}
    for match in _COUNT.finditer(draft.seen):
        number = int(match["number"].replace(",", ""))
        least = AT_LEAST.search(draft.seen[max(0, match.start() - 40) : match.start()])
        if number in known or (least and number <= counts.taken_from):
            continue
        text = f"no count of the case is {number:,}"
        yield Hit(
            match.start(),
            match.end(),
            text,
            f'the data shows "at least {counts.taken_from:,} wallets from which assets were taken"',
        )


@rule(
    "case-not-affected",
    "error",
    '"Not affected" only of what a person has cleared',
    why="No harm so far is not safety. A named person must have read the malicious code, and the data must not "
    "speak against it.",
    section="safe",
    bad="If you viewed your portfolio on examplewallet[.]com, you are not affected.",
    good="We cannot yet say that anything else was safe, so follow the updates.",
    needs_case=True,
)
def case_not_affected(draft: Draft) -> Iterator[Hit]:
    """Look for sentences that take people out, and for the cleared action that allows each."""
    facts, checks = draft.ground.facts, draft.ground.checks
    assert facts is not None
    passed = [c for c in facts.cleared if checks is None or checks[f"cleared:{c.name}"].result == "passed"]
    allowed = [_bag(cleared.words) for cleared in passed]
    for sentence in draft.sentences:
        match = CLEARS.search(sentence.text)
        who = re.search(
            r"\b(?:if you|users? who|anyone who|people who|those who|users?|customers|wallets? (?:that|which|on))\b",
            sentence.text,
            _I,
        )
        if not match or not who or (re.search(r"hardware|ledger|trezor", sentence.text, _I) and facts.hardware_safe):
            continue
        if re.search(r"\b(?:cannot|can.t|do not know|not say|whether|not sure)\b", sentence.text, _I):
            continue
        if not any(words and words <= _bag(sentence.text) for words in allowed):
            hint = "let a person who has read the code set cleared_by and cleared_why of that action, or leave it out"
            yield Hit(sentence.start, sentence.end, "no cleared action of the case allows this", hint)


def _bag(text: str) -> frozenset[str]:
    return frozenset(
        word for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in ("your", "that", "their", "with", "have")
    )


@rule(
    "case-victim",
    "error",
    "No victim's address",
    why="Victims are found and robbed a second time, by whoever offers to get their assets back.",
    section="secrets",
    bad="Confirmed victims: 0x0000000000000000000000000000000000000001.",
    good="So far we know of at least 9 wallets from which assets were taken.",
    needs_case=True,
)
def case_victim(draft: Draft) -> Iterator[Hit]:
    """Look for addresses of the case's wallets."""
    for match in _ADDRESS.finditer(draft.seen):
        if match[0].lower() in draft.ground.wallets:
            yield Hit(
                match.start(),
                match.end(),
                "this is the address of a wallet of the case, not of the attacker",
                "take it out",
            )


@rule(
    "case-address",
    "error",
    "Every spender is named, and no address that nobody knows",
    why="A spender that the text leaves out is one that nobody revokes. An address that the case does not know "
    "may be anyone's.",
    section="remedy",
    bad="Revoke every approval to 0x1111111111111111111111111111111111111111.",
    good="Revoke every approval to the addresses that advisory/initial.md lists, in full and per chain.",
    needs_case=True,
)
def case_address(draft: Draft) -> Iterator[Hit]:
    """Compare the addresses of the text with the attackers of the case."""
    facts = draft.ground.facts
    assert facts is not None
    known = {enemy.address.lower() for enemy in facts.enemies} | {
        tally.token.lower() for tally in (*facts.lost, *facts.to_save)
    }
    told = {match[0].lower(): match for match in _ADDRESS.finditer(draft.seen)}
    for address, match in told.items():
        if address not in known and address not in draft.ground.wallets:
            yield Hit(
                match.start(),
                match.end(),
                "the case does not know this address as an attacker's",
                "check it, and add it as [[attacker]]",
            )
    missing = sorted({enemy.address.lower() for enemy in facts.revocable} - set(told))
    revoke = re.search(r"\brevoke\b", draft.seen, _I)
    if missing and revoke and not draft.brief:
        number = f"{len(missing)} address{'' if len(missing) == 1 else 'es'}"
        hint = f"list {', '.join(missing[:3])}" + (" ..." if len(missing) > 3 else "")
        yield Hit(
            revoke.start(),
            revoke.end(),
            f"{number} that people approved or delegated to stand nowhere in the text",
            hint,
        )


@rule(
    "case-link",
    "warning",
    "Links are those of [advice]",
    why="Each link was checked once, when it was written into incident.toml. Any other may be a slip, or a copy "
    "of the site.",
    section="links",
    bad="How to move your funds: https://some-blog.example.org/move",
    good="How to move your funds: https://help.example/new-wallet",
    needs_case=True,
)
def case_link(draft: Draft) -> Iterator[Hit]:
    """Look for links that [advice] does not name."""
    allowed = {
        domain_of(host.split("/")[0])
        for link in draft.ground.allowed
        for host in [re.sub(r"^https?://|^[^@/]*@", "", link)]
    }
    for host in hosts(draft):
        if host.scheme and domain_of(host.name) not in allowed:
            yield Hit(
                host.start,
                host.end,
                "[advice] of incident.toml does not name this",
                "use its links, or add this one there",
            )
