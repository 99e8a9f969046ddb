"""Rules on trust: one place for updates, no secret asked for or pasted, nothing hidden, nothing left to fill in. Pure."""

import re
from collections.abc import Iterator

from exposure.publish.lint.draft import MASK, Draft, Sentence
from exposure.publish.lint.links import hosts
from exposure.publish.lint.rule import Hit, rule
from exposure.publish.lint.who import KEY_THING

_I = re.IGNORECASE
_ASKS = re.compile(
    r"\b(?:send|share|provide|give|submit|enter|type|paste|reply with|dm"
    r"|message|post|confirm|verify|validate"
    r"|tell|upload|import|restore|sync|recover with"
    rf"|input)\b(?:\s+(?:us|me|it|them|here|in|with|to|into|our|your|the|full|current|old|existing|wallet.?s?"
    rf"|secret|12[- ]word|24[- ]word)){{0,6}}\s+{KEY_THING}",
    _I,
)
# Said of the team as a promise, or hidden among a form's fields.
_WILL_ASK = re.compile(
    rf"\b(?:(?:will|may|might|can|must) (?:then )?(?:ask|need|request|require)\w*|fill in|including"
    rf"|together with|along with"
    rf"|with your)\b"
    rf"[^.!?]{{0,60}}?{KEY_THING}",
    _I,
)
_DENIED = re.compile(
    r"\b(?:not|n.t|never|nobody|no one|none|whoever|anyone who|if you|if they|people who|users who|who"
    r"|scam\w*|impost\w*|attackers?|thie(?:f|ves)|phish\w*|fake|malicious|ask(?:s|ed)|prompt\w*|trick\w*|told|made"
    r"|unless you|that you|you have|you had|where you|will ask)\b",
    _I,
)
# "If you were asked to fill in your phrase there": it happened, nobody asks now.
_ASKED_ALREADY = re.compile(r"^\W*(?:if|when) (?:you|someone|anyone)\b[^,]{0,60}\b(?:asked|filled|entered|typed)\b", _I)
_DENIED_BEFORE = re.compile(r"\b(?:not|n.t|never|nobody|no one|none|whoever|impostor\w*|impersonat\w*|scam\w*)\b", _I)
_WARNS = re.compile(
    rf"\b(?:nobody|no one|never|will not|won.t|do not|don.t)\b[^.!?]{{0,90}}(?:{KEY_THING}|password)|scam"
    rf"|impersonat|impostor",
    _I,
)
_SOURCE = re.compile(
    r"\b(?:updates?\b[^.!?]{0,40}(?:https?:|:|\bat\b|\bon\b|\bhere\b|\bin\b|\bunder\b)|status page|one place"
    r"|single source|follow (?:this|the) (?:thread|page|updates)"
    r"|(?:post|publish|announce)[^.!?]{0,40}\b(?:updates?|news|here|where you read)|latest (?:information|news"
    r"|status)|this (?:page|thread|post) (?:is|will be) updated)",
    _I,
)
_NEXT = re.compile(
    r"\bnext (?:update|one|message|post|news)\b|\bupdate (?:again|you|this|it)?\s?(?:by|within|in|at|every"
    r"|no later)\b|\b(?:again|back) (?:by|within|at|in) (?:\d|an?\b|half|the next)"
    r"|\bevery (?:\d+|hour|half)|\bupdates? (?:every|within|by|at|no later)\b|(?:final|last) (?:update|message)",
    _I,
)


@rule(
    "source-of-truth",
    "warning",
    "It names the one place for updates",
    why="Impostors post within minutes. Of 54 real texts none named one place where the truth stands.",
    section="updates",
    bad="If you signed an approval on examplewallet[.]com, revoke it now. Stay safe out there.",
    good="Updates: https://status.example/incident",
)
def source_of_truth(draft: Draft) -> Iterator[Hit]:
    """Look for a place."""
    if (
        draft.sentences
        and not _SOURCE.search(draft.seen)
        and not (draft.brief and any(h.scheme.startswith("http") for h in hosts(draft)))
    ):
        last = draft.sentences[-1]
        yield Hit(
            last.end,
            last.end,
            "the text names no place for updates",
            'add "Updates: https://..." (never on the affected domain)',
        )


@rule(
    "next-update",
    "warning",
    "It says when the next update comes",
    why="Who knows when to look again does not have to follow everyone who posts; 2 of 54 real texts said so.",
    section="updates",
    bad="Updates are posted on our status page. We will keep you posted, please bear with us.",
    good="The next one comes by 11:15 UTC on Wednesday 4 March 2026.",
    not_for=("amplify", "postmortem", "support", "reply"),
)
def next_update(draft: Draft) -> Iterator[Hit]:
    """Look for a promise."""
    # CAP says so in an element of its own.
    if draft.sentences and not draft.brief and not _NEXT.search(draft.seen) and "<expires>" not in draft.raw:
        last = draft.sentences[-1]
        yield Hit(
            last.end,
            last.end,
            "the text does not say when the next update comes",
            'add "The next update comes by 11:15 UTC."',
        )


@rule(
    "asks-secret",
    "error",
    "It never asks for a secret",
    why="Impostors send the same message with their own address. A phrase that was given away must not be typed "
    "anywhere again.",
    section="secrets",
    bad="To check whether you are affected, enter your recovery phrase in our tool.",
    good="Nobody from our team will ask for your recovery phrase or private key.",
)
def asks_secret(draft: Draft) -> Iterator[Hit]:
    """Look for orders to give, type or import a phrase or key."""
    for sentence in draft.sentences:
        for match in _ASKS.finditer(sentence.text):
            before = re.split(r"[;:]|\bthen\b|,\s*(?=please|just|simply)", sentence.text[: match.start()])[-1]
            if _DENIED.search(before) or re.search(r"\bnew\b", match[0], _I):
                continue
            if re.match(r"^\s*(?:if|when|who)\b", before, _I) and "," not in before:
                continue
            yield _asking(sentence, match)
            break
        else:
            asked = _WILL_ASK.search(sentence.text)
            if (
                asked
                and not _DENIED_BEFORE.search(sentence.text[: asked.start()])
                and not _ASKED_ALREADY.match(sentence.text)
            ):
                yield _asking(sentence, asked)


def _asking(sentence: Sentence, match: re.Match[str]) -> Hit:
    start = sentence.start + match.start()
    return Hit(start, start + len(match[0]), "this asks for a secret", "take it out: nobody needs it to be helped")


@rule(
    "secret-warning",
    "warning",
    "It says that nobody from the team asks for a secret",
    why="The next post that people see is an impostor's, who offers help and asks for the phrase.",
    section="secrets",
    bad="Questions: write to help@team.example and our team will be happy to help you recover your funds.",
    good="Nobody from our team will ask for your recovery phrase or private key, or for money to get your assets back.",
    not_for=("amplify", "postmortem", "reply"),
)
def secret_warning(draft: Draft) -> Iterator[Hit]:
    """Look for the warning."""
    if draft.sentences and not draft.brief and not _WARNS.search(draft.seen):
        last = draft.sentences[-1]
        yield Hit(
            last.end,
            last.end,
            "no word against impostors",
            'add "Nobody from our team will ask for your recovery phrase or private key."',
        )


@rule(
    "secret-in-text",
    "error",
    "No secret stands in the text",
    why="A phrase or key that was pasted into a draft is in the mail, the chat and the history of whoever read "
    "it. It is not repeated here.",
    section="secrets",
    bad="One victim's phrase was: test test test test test test test test test test test junk",
    good="One victim told us which wallet; its phrase stands nowhere.",
)
def secret_in_text(draft: Draft) -> Iterator[Hit]:
    """Look for phrases and keys; what was found is masked and never shown."""
    for start, end in draft.secrets:
        text = "what stands here looks like a recovery phrase or a private key"
        yield Hit(
            start,
            end,
            text,
            "delete it, and treat the wallet that it opens as lost: its owner must hear of it",
            raw=True,
        )


@rule(
    "hidden-characters",
    "error",
    "No invisible or direction-changing characters",
    why="They make a reader see another text than the one that is posted: another host, another address.",
    section="links",
    bad="Updates: https://status.example/\u202einc",
    good="Updates: https://status.example/inc",
)
def hidden_characters(draft: Draft) -> Iterator[Hit]:
    """Look for control, zero-width and bidirectional characters."""
    for place in draft.hidden:
        name = draft.raw[place].encode("unicode_escape").decode("ascii")
        yield Hit(place, place + 1, f"an invisible character ({name})", "delete it, or type the line again", raw=True)


@rule(
    "placeholder",
    "error",
    "Nothing is left to fill in",
    why="A template that is posted as it stands says that nobody read it.",
    section="review",
    bad="If you signed on [domain] between [T1] and XX:XX UTC, revoke it. TODO: list the spenders",
    good="If you signed on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 March 2026, revoke it.",
)
def placeholder(draft: Draft) -> Iterator[Hit]:
    """Look for blanks of templates."""
    pattern = re.compile(
        r"(?<!\[)\[(?!secret\])[A-Za-z][^\[\]\n]{0,40}\](?![(\]])|\{\{.{0,40}?\}\}|<[A-Z][A-Z0-9_ ]{1,30}>"
        r"|\b(?:TODO|TBD"
        r"|FIXME|XXX+)\b|\bXX:XX\b|\bT[12]\b(?=\s+(?:and|UTC))|(?<!\()\b0x(?:\.{3}|…|x{2,})",
    )
    for match in pattern.finditer(draft.seen):
        if MASK not in match[0] and match[0].lower() not in ("[dot]", "[at]", "[ip]"):
            yield Hit(
                match.start(),
                match.end(),
                "this was to be filled in",
                "write what belongs here, or take the sentence out",
            )
