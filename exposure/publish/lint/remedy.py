"""Rules on remedies: key and signature have opposite ones, and the wrong one costs everything. Pure."""

import re
from collections.abc import Iterator

from exposure.publish.lint.draft import Draft, Sentence
from exposure.publish.lint.rule import Hit, rule
from exposure.publish.lint.who import KEY_THING, conditions, exposures

_I = re.IGNORECASE
_NOT = re.compile(
    r"\b(?:not|n.t|never|no one|nobody|nothing|cannot|can.t|won.t|does nothing|is no remedy|neither|useless"
    r"|too late|instead of)\b",
    _I,
)
_REVOKE = re.compile(r"\brevok(?:e|ing)\b|\brevoke\.cash\b", _I)
_NEW_SECRET = re.compile(
    rf"\b(?:new|fresh|different|another|newly (?:made|generated))\b[^.!?]{{0,40}}?{KEY_THING}"
    rf"|{KEY_THING}[^.!?]{{0,30}}\b(?:is|are) new\b",
    _I,
)
_NEW_ACCOUNT = re.compile(
    r"\b(?:to|into|create|make|use|open|add|set up|generate)\b[^.!?]{0,40}?\b(?:a|an|another"
    r"|your)?\s*(?:brand[- ]?new|new|fresh|different|another)\s+"
    r"(?:ethereum |eth |evm )?(?:accounts?|address(?:es)?|wallets?)\b",
    _I,
)
_MOVE = re.compile(r"\b(?:move|transfer|migrate|send|withdraw|sweep)\b", _I)
_HARDWARE = re.compile(
    r"\b(?:hardware[- ](?:wallets?|devices?)|ledger|trezor|cold wallets?)\b[^.!?]{0,80}?\b(?:(?:is|are|were|was"
    r"|remain|stay)\s+(?:\w+ )?"
    r"(?:safe|secure|unaffected|protected|fine)|not (?:at risk|affected|impacted))",
    _I,
)
_UNLESS = re.compile(rf"\b(?:unless|except|but if|if (?:you|they) (?:typed|entered))\b[^!?]{{0,80}}{KEY_THING}", _I)
_ADDRESS = re.compile(r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_SHORT = re.compile(
    r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{2,12}\s*(?:…|\.{2,3}|\*{2,}|-{2,}|_{2,})\s*[0-9a-fA-F]{2,12}(?![0-9A-Za-z])"
)
_NOT_ALL = re.compile(r"(?:do not|don.t) (?:yet )?know (?:all|yet|the)[^.!?]{0,40}address", _I)
# Where nobody knows the addresses yet, what was given on one site can be told by its time and place.
_BY_PLACE = re.compile(
    r"\b(?:every|all|any|each) (?:of the )?approvals? (?:that )?(?:you|your wallet) (?:gave|signed|granted|made"
    r"|has given)\b",
    _I,
)
_LISTED = re.compile(r"\b(?:address(?:es)?|contracts?|spenders?|list(?:ed)?)\b[^.!?]{0,50}https?://", _I)
_ALL_CLEAR = re.compile(
    r"\b(?:you(?:r wallet)?(?:'ll|’ll| (?:will|are|is))(?: \w+)? (?:safe|fine|secure|ok"
    r"|protected)\b"
    r"|(?:nothing|no (?:assets|funds|tokens|unauthori[sz]ed \w+))\b[^.!?]{0,50}\b(?:you are|you.re"
    r"|your wallet is) (?:not affected|safe|fine))",
    _I,
)
_ONLY_IF_TAKEN = re.compile(
    r"\b(?:if|unless) (?:you|your wallet|your funds)\b[^.!?]{0,30}\b(?:lost|were drained|was drained"
    r"|see (?:an? )?(?:unknown|unauthori[sz]ed|suspicious)|notice)"
    r"[^.!?]{0,60}\b(?:otherwise|no action|safe|fine|not affected)|no (?:missing"
    r"|unauthori[sz]ed)[^.!?]{0,40}(?:safe|not affected)",
    _I,
)


def _orders(draft: Draft, pattern: re.Pattern[str]) -> list[tuple[Sentence, re.Match[str]]]:
    """Give where a pattern stands in a clause that is not denied: "nothing can be revoked" is no order to revoke."""
    found = []
    for sentence in draft.sentences:
        for match in pattern.finditer(sentence.text):
            clause = re.split(r"[;:,(]|\bbut\b|\band\b", sentence.text[: match.start()])[-1]
            # "Revoke what you gave and do not know" is an order; "revoking what you gave does not help" is none.
            ends = r"[.;:,]" if match[0].lower().endswith("ing") else r"[.;:,]|\b(?:that|which|what(?:ever)?)\b"
            after = re.split(ends, sentence.text[match.end() :])[0]
            if not _NOT.search(clause) and not _NOT.search(after[:60]):
                found.append((sentence, match))
    return found


@rule(
    "remedy-fits",
    "error",
    "The remedy fits what was given away",
    why="A typed phrase cannot be revoked: who only revokes loses everything. An approval stays when the phrase "
    "is changed elsewhere.",
    section="remedy",
    bad="If you entered your recovery phrase on examplewallet[.]com today, revoke all approvals now.",
    good="If you entered your recovery phrase there: make a wallet with a new recovery phrase and move "
    "everything to it.",
)
def remedy_fits(draft: Draft) -> Iterator[Hit]:
    """Hold the remedy against the kinds of harm that the text itself describes."""
    kinds = exposures(draft)
    revokes = _orders(draft, _REVOKE)
    renews = bool(_NEW_SECRET.search(draft.seen))
    if "key" in kinds and "approval" not in kinds and revokes and not renews:
        sentence, match = revokes[0]
        yield _hit(
            sentence,
            match,
            "revoking does nothing for a secret that was typed",
            "make a wallet with a new recovery phrase, move everything",
        )
    elif "key" in kinds and not renews and not _orders(draft, _NEW_ACCOUNT) and not draft.brief:
        sentence = _first(draft, "key")
        text = "the text speaks of a typed secret, and never of a wallet with a new recovery phrase"
        yield Hit(
            sentence.start,
            sentence.end,
            text,
            "make a wallet with a new recovery phrase, move everything, on every chain",
        )
    if "approval" in kinds and "key" not in kinds and not revokes:
        moves = _orders(draft, _MOVE)
        if moves and not draft.brief:
            sentence, match = moves[0]
            yield _hit(
                sentence,
                match,
                "an approval stands until it is revoked; the text does not say so",
                "name what to revoke, in full and per chain",
            )


def _first(draft: Draft, kind: str) -> Sentence:
    found = conditions(draft)
    of_kind = [sentence for sentence, deed in found if kind != "key" or re.search(KEY_THING, deed, _I)]
    return (of_kind or [sentence for sentence, _ in found])[0]


def _hit(sentence: Sentence, match: re.Match[str], message: str, suggestion: str) -> Hit:
    return Hit(sentence.start + match.start(), sentence.start + match.end(), message, suggestion)


@rule(
    "new-account",
    "error",
    "Not a new account under the old phrase",
    why="Every account of a phrase falls with it. Who adds an account in the same wallet and moves there hands "
    "it over twice.",
    section="remedy",
    bad="If you entered your seed phrase on examplewallet[.]com, transfer your funds to a brand new account.",
    good="Move everything to a wallet with a new recovery phrase; a new account under the old phrase is not safe.",
)
def new_account(draft: Draft) -> Iterator[Hit]:
    """Look for "new account", "new address" or "new wallet" where nothing says that the phrase must be new."""
    if exposures(draft) == {"approval"} or _NEW_SECRET.search(draft.seen):
        return
    for sentence, match in _orders(draft, _NEW_ACCOUNT):
        yield _hit(
            sentence,
            match,
            "a new account or wallet can still hang on the old recovery phrase",
            'write "a wallet with a new recovery phrase; a new account under the old phrase is not safe"',
        )


@rule(
    "hardware-safe",
    "error",
    "Hardware wallets are not called safe where signatures were taken",
    why="A hardware wallet protects a key that was never typed. It does not protect from a signature that its "
    "owner confirmed.",
    section="hardware",
    bad="If you approved a transaction on our site today, revoke it. Ledger users are safe.",
    good="A hardware wallet is not affected, unless you typed its recovery phrase.",
)
def hardware_safe(draft: Draft) -> Iterator[Hit]:
    """Allow it where only keys were taken, and with "unless you typed its recovery phrase"."""
    signed = "approval" in exposures(draft)
    checks = draft.ground.checks
    proven = checks is None or checks["hardware"].result == "passed"
    for sentence in draft.sentences:
        match = _HARDWARE.search(sentence.text)
        if not match or re.search(r"\bnot safe\b|\bare not (?:safe|protected)\b", match[0], _I):
            continue
        near = draft.seen[sentence.start : sentence.end + 120]
        if signed or not proven or not _UNLESS.search(near):
            why = (
                "signatures were taken, and a hardware wallet signs too"
                if signed
                else "the data does not show it"
                if not proven
                else ""
            )
            typed = "a phrase that was typed is known, whatever device it came from"
            text = f"this calls hardware wallets safe: {why or typed}"
            yield _hit(sentence, match, text, "leave it out" if why else 'add "unless you typed its recovery phrase"')


@rule(
    "connected-for-signed",
    "error",
    '"Connected" does not stand for "signed"',
    why="Connecting a wallet shows its address and gives nothing away. The wrong word frightens thousands and "
    "hides who signed.",
    section="testable-who",
    bad="If you connected your wallet to examplewallet[.]com today, you are affected: revoke all approvals.",
    good="If you connected your wallet and confirmed an approval there, revoke it; connecting alone gave nothing away.",
)
def connected_for_signed(draft: Draft) -> Iterator[Hit]:
    """Look for a condition whose only deed is to connect."""
    facts = draft.ground.facts
    if facts and any("connect" in word for condition in facts.conditions for word in condition.words):
        return
    for sentence, deed in conditions(draft):
        head = re.split(r"[,;:]", deed)[0]
        match = re.search(r"\bconnect(?:ed|ing|s)?\b", head, _I)
        if match and not re.search(r"sign|approv|confirm|permit|phrase|\bkey|\bseed|\btyp|enter", head, _I):
            start = sentence.start + sentence.text.index(deed) + match.start()
            yield Hit(
                start,
                start + len(match[0]),
                "connecting gives nothing away: what did people sign or type?",
                'write "signed", "approved" or "entered", whichever it was',
            )


@rule(
    "missing-indicator",
    "error",
    "It names what to revoke",
    why='"Revoke suspicious approvals" cannot be done: nobody knows which. The whole address, per chain, can be looked for.',
    section="remedy",
    bad="If you approved a token on examplewallet[.]com today, revoke any suspicious approvals.",
    good="Revoke every approval to 0xbAD1baD1BAd1baD1BAD1BAD1baD1bad1BAD1BAD1 on Ethereum.",
    not_for=("amplify",),
)
def missing_indicator(draft: Draft) -> Iterator[Hit]:
    """Ask for an address in full wherever someone is told to revoke."""
    facts = draft.ground.facts
    revokes = [] if facts and not facts.revocable else _orders(draft, _REVOKE)
    if (
        not revokes
        or draft.brief
        or _ADDRESS.search(draft.seen)
        or _NOT_ALL.search(draft.seen)
        or _LISTED.search(draft.seen)
        or _BY_PLACE.search(draft.seen)
    ):
        return
    sentence, match = revokes[0]
    text = "it says to revoke, and names no address"
    yield _hit(
        sentence,
        match,
        text,
        'list each spender in full with its chain, or say "we do not know all of the addresses yet"',
    )


@rule(
    "short-address",
    "error",
    "Addresses stand in full",
    why="Look-alike addresses share both ends with the real one; they are made so. A shortened address cannot be "
    "compared.",
    section="remedy",
    bad="Revoke the approval to 0xbAD1…BAD1 now.",
    good="Revoke the approval to 0xbAD1baD1BAd1baD1BAD1BAD1baD1bad1BAD1BAD1 now.",
)
def short_address(draft: Draft) -> Iterator[Hit]:
    """Look for addresses with their middle left out."""
    for match in _SHORT.finditer(draft.seen):
        yield Hit(match.start(), match.end(), "this address is shortened", "write all 40 digits")


@rule(
    "address-typo",
    "error",
    "An address with a wrong checksum is a slip of the hand",
    why="Upper and lower case of an address are its checksum (EIP-55). One wrong letter, and people look for the "
    "wrong address.",
    section="remedy",
    bad="Revoke the approval to 0xBAD1baD1BAd1baD1BAD1BAD1baD1bad1BAD1BAD1 on Ethereum.",
    good="Revoke the approval to 0xbAD1baD1BAd1baD1BAD1BAD1baD1bad1BAD1BAD1 on Ethereum.",
)
def address_typo(draft: Draft) -> Iterator[Hit]:
    """Check the case of each address that mixes cases."""
    for match in _ADDRESS.finditer(draft.seen):
        digits = match[0][2:]
        if digits in (digits.lower(), digits.upper()):
            continue
        from eth_utils.address import is_checksum_address

        if not is_checksum_address(match[0]):
            yield Hit(
                match.start(),
                match.end(),
                "the checksum of this address is wrong: a digit or letter was changed",
                "copy it again from its source",
            )


@rule(
    "false-all-clear",
    "error",
    "No step and no silence makes anyone safe",
    why="Thieves wait for days and skip the poor: that nothing is missing yet proves nothing, and revoking does "
    "not cancel what was signed.",
    section="safe",
    bad="Revoke the approval and you will be safe. If nothing is missing, you are not affected.",
    good="That nothing was taken so far does not show that a wallet is safe.",
)
def false_all_clear(draft: Draft) -> Iterator[Hit]:
    """Look for a promise of safety after a step, or from silence."""
    for sentence in draft.sentences:
        match = _ALL_CLEAR.search(sentence.text) or _ONLY_IF_TAKEN.search(sentence.text)
        if match is None or re.search(r"\b(?:not|never|no longer)\s+(?:\w+ )?(?:safe|fine|secure|ok)\b", match[0], _I):
            continue
        # "we cannot say that you are safe" promises nothing.
        if not re.search(r"\b(?:cannot|can.t|not|never|nobody|whether)\b", sentence.text[: match.start()], _I):
            text = "this promises a safety that nothing shows"
            yield _hit(sentence, match, text, "say what to do, and that it brings nothing back")
