"""Rules on words: calm, honest, provable. Pure."""

import re
from collections.abc import Iterator

from exposure.publish.lint.draft import Draft
from exposure.publish.lint.rule import Hit, rule

_I = re.IGNORECASE
_CAPS = re.compile(r"\b[A-Z][A-Z'’]+(?:[\s,!-]+[A-Z][A-Z'’]*){2,}\b")
_BANGS = re.compile(r"!{2,}|[!?]{3,}")
# Abbreviations are no shouting.
_SHORT = frozenset((
    "UTC", "GMT", "EST", "EDT", "PST", "PDT", "CET", "CEST", "CST", "BST", "DNS", "CDN", "URL", "ETH", "USDC", "USDT", "DAI", "NFT",
    "NFTS", "EIP", "ENS", "RPC", "API", "DAO", "EVM", "BSC", "DEX", "DEFI", "UI",
))  # fmt: skip
_SIRENS = re.compile(
    "[\U0001f6a8\u26a0\u2757\u2755\u203c\u2049\u2622\u2623\u26d4\U0001f6d1\U0001f198\U0001f4a5\U0001f525\U0001f480\u2620\U0001f631\U0001f4e2\U0001f4e3\U0001f534\U0001f6ab]+\ufe0f?"
)
_PANIC = re.compile(
    r"\b(?:urgent(?:ly)?|emergency|catastroph\w+|disaster\w*|devastat\w+|nightmare|panic\w*|horrif\w+|terrible"
    r"|massive (?:hack|exploit|attack|breach)"
    r"|(?:we(?:'ve| have)? (?:been )?|got )(?:hacked|rekt|pwned)|rekt|asap|red alert|code red|psa|breaking"
    r"|run for|before it.s too late|lose everything)\b",
    _I,
)
_BLAME = re.compile(
    r"\b(?:not (?:on|from) (?:our|@?\w+(?:'s)?) (?:side|end)|not (?:our|a) (?:fault|problem|issue on our)"
    r"|no fault of|through no fault|beyond our control"
    r"|out of our hands|can happen to any|could happen to any|happen(?:s|ed)? to (?:any|every|many)"
    r"|not due to (?:a|any) (?:lack|fault|failure)|due to (?:hackers|third)"
    r"|third[- ]party (?:provider|service|vendor|issue)|(?:user|human) (?:error|mistake)"
    r"|users? (?:who )?(?:ignored|failed to|should have)|(?:clicked|ignored)[^.!?]{0,30}warning"
    r"|we take (?:\w+ )?security (?:very )?serious|security is (?:our|a) (?:top|highest|number)|fud\b"
    r"|isolated incident|as you (?:may|might) know"
    r"|(?:our|the) (?:smart )?contracts? (?:are|were|remain) (?:not|safe|secure|un)\w*"
    r"|the protocol (?:itself )?(?:is|was|remains) (?:safe|secure|not|un)\w*)",
    _I,
)
_ONLY = re.compile(r"\bonly\b|\bsolely\b|\bexclusively\b", _I)
# "Only trust this page" is advice, no claim about who is affected.
_ONLY_ADVICE = re.compile(
    r"\b(?:use|trust|follow|rely|download|visit|click|install|open|act|look|read|believe|from|on|this|that|with"
    r"|in)\s+only\b|\bonly\s+(?:use|trust|follow|rely|download|visit|click|install"
    r"|open|believe|act|from|the links?|our official|through|via|once|after|when|if)\b|\bread-only\b"
    r"|\bnot only\b|\bif you only\b",
    _I,
)
# "The only place for updates" says nothing of people.
_WHOM = re.compile(
    r"\b(?:affected|impacted|compromised|vulnerable|at risk|users?|wallets?|people|those|customers?|if you|funds"
    r"|lost|drained|versions?|took"
    r"|stolen|exposed|who|addresses)\b",
    _I,
)
_ALL = re.compile(
    r"\ball (?:the )?(?:others?|remaining)(?: (?:users?|wallets?|people|customers?|accounts?|holders?|products?"
    r"|versions?|sites?"
    r"|platforms?|apps?|funds?|assets?))? (?:\w+ )?(?:is|are|was|were|remain|stay|need|can)\b"
    r"|\b(?:every(?:one|body)|any(?:one|body)) else\b[^.!?]{0,40}\b(?:safe|fine|unaffected|not (?:affected"
    r"|impacted)|need not"
    r"|no need|(?:do(?:es)? not|don.t) (?:need|have) to|can|no action|nothing to)\b"
    r"|\bnothing else (?:is|was) affected\b|\bno(?: one|body) else\b[^.!?]{0,30}\b(?:affected|impacted"
    r"|at risk)\b|\bno other (?:users?|wallets?"
    r"|products?|versions?|sites?|people)\b|\bthe rest (?:of (?:you|our users) )?(?:is|are) (?:safe|fine|not)",
    _I,
)
_FUNDS = re.compile(
    r"\b(?:all|your|user|users'?|customer|customers'?|no|everyone's|the)\s+(?:user |customer )?(?:funds?|assets?"
    r"|money|wallets?)\s+(?:\w+ )?(?:is|are|were|was|remain|have been|has been)\s+(?:\w+ )?"
    r"(?:safe|secure|safu|protected|lost|stolen|taken|drained|at risk|affected|compromised|impacted)\b"
    r"|\bfunds are safe\b"
    r"|\bsafu\b|\bno (?:funds?|assets?|losses|users?) (?:\w+ )?(?:lost|stolen|affected|impacted|reported)"
    r"|\bno (?:evidence|indication|sign)s? (?:that|of) (?:any )?(?:funds?|loss|theft|users?)|\bno (?:loss"
    r"|theft)\b[^.!?]{0,20}\b(?:occurred|happened)",
    _I,
)
_PERCENT = re.compile(
    r"(?:\b(?:less|fewer|more) than\s+|\bunder\s+|\babout\s+|\bonly\s+|<\s*)?\b\d{1,3}(?:[.,]\d+)?\s?(?:%"
    r"|percent|per cent)(?=[^.!?]{0,50}\b(?:users?|wallets?|accounts?|customers?|addresses|people|funds|active|tvl))"
    r"|\b(?:a )?(?:very )?(?:small|tiny|limited|minor|negligible) (?:number|percentage|subset|fraction|portion"
    r"|group|share|amount) of\b|\b(?:a )?(?:few|some|certain|several|many|handful of"
    r"|multiple) (?:of our )?(?:users|customers|people|(?:wallets|accounts)(?= (?:were|was|have|had|are|may"
    r"|might|got)\b))\b"
    r"|\bthe (?:vast )?majority of\b",
    _I,
)
_COUNT = re.compile(
    r"\b(?P<number>\d{1,3}(?:,\d{3})+|\d{1,7})\+?\s+(?:\w+ ){0,2}(?:wallets?|users?"
    r"|addresses|accounts?|victims?|people|customers?)\b",
    _I,
)
AT_LEAST = re.compile(
    r"\b(?:at least|more than|over|so far|known|up to|fewer than|less than|these|following|one of|each of|first"
    r"|\d of|about|top|between)\b(?:\s+\w+){0,4}\W*$|\d\+",
    _I,
)


def _hits(draft: Draft, pattern: re.Pattern[str], message: str, suggestion: str) -> Iterator[Hit]:
    for match in pattern.finditer(draft.seen):
        yield Hit(match.start(), match.end(), message, suggestion)


@rule(
    "shouting",
    "warning",
    "It does not shout",
    why="Capitals are hard to read and are what scams look like. One word in capitals may stress; a sentence of "
    "them loses readers.",
    section="calm",
    bad="DO NOT USE THE WEBSITE!!! REVOKE ALL APPROVALS NOW!!!",
    good="Do not use examplewallet[.]com. Revoke the approvals below now.",
)
def shouting(draft: Draft) -> Iterator[Hit]:
    """Look for three words and more in capitals, and for rows of exclamation marks."""
    for match in _CAPS.finditer(draft.seen):
        words = [word for word in re.findall(r"[A-Z'’]{2,}", match[0]) if word not in _SHORT]
        if len(words) >= 3:
            yield Hit(
                match.start(), match.end(), "words in capitals", "write them as usual; stress one word, not a sentence"
            )
    yield from _hits(draft, _BANGS, "a row of exclamation marks", "one full stop")


@rule(
    "sirens",
    "warning",
    "No sirens and signs",
    why="A siren says nothing that words do not say, and screen readers read it aloud. Impostors use more of them.",
    section="calm",
    bad="\U0001f6a8\U0001f6a8 If you signed an approval on examplewallet[.]com, revoke it.",
    good="If you signed an approval on examplewallet[.]com, revoke it.",
)
def sirens(draft: Draft) -> Iterator[Hit]:
    """Look for emoji of alarm."""
    yield from _hits(draft, _SIRENS, "a sign of alarm", "leave it out: who it is for, and what to do, is alarm enough")


@rule(
    "panic",
    "warning",
    "Calm words",
    why="People in panic type their phrase into the next form that promises help.",
    section="calm",
    bad="URGENT: we have been hacked, this is an emergency! Revoke ASAP.",
    good="If you signed an approval on examplewallet[.]com, revoke it now.",
)
def panic(draft: Draft) -> Iterator[Hit]:
    """Look for words of panic."""
    for match in _PANIC.finditer(draft.seen):
        if not re.search(r"\b(?:no|not|don.t)\s*$", draft.seen[max(0, match.start() - 8) : match.start()], _I):
            yield Hit(
                match.start(),
                match.end(),
                f'"{" ".join(match[0].split())}" frightens and says nothing',
                "say who must act, and how",
            )


@rule(
    "blame",
    "warning",
    "No blame and no excuses",
    why="Whose fault it is helps nobody now, takes the place of what does, and is often wrong in the first hour.",
    section="calm",
    bad="This is not on our side: a third-party provider was hacked, and it can happen to any organisation.",
    good="Visitors of examplewallet[.]com were sent to a copy of it. We tell how it happened when everyone who "
    "must act knows.",
)
def blame(draft: Draft) -> Iterator[Hit]:
    """Look for deflection."""
    yield from _hits(draft, _BLAME, "this speaks of whose fault it is", "leave it out until the follow-up")


@rule(
    "unproven-only",
    "error",
    'No "only" without proof',
    why='"Only users who ..." tells everyone else that they are safe. A victim outside pays for that sentence.',
    section="safe",
    bad="Only users who signed between 09:00 and 10:45 UTC on Wednesday 4 March 2026 are affected.",
    good="If you signed between 09:00 and 10:45 UTC on Wednesday 4 March 2026, you are affected. We cannot say "
    "yet who is not.",
)
def unproven_only(draft: Draft) -> Iterator[Hit]:
    """Look for "only" where it is no advice."""
    for sentence in draft.sentences:
        advice = [match.span() for match in _ONLY_ADVICE.finditer(sentence.text)]
        for match in _ONLY.finditer(sentence.text):
            about = _WHOM.search(sentence.text)
            if about and not any(start <= match.start() < end for start, end in advice):
                start = sentence.start + match.start()
                yield Hit(
                    start,
                    start + len(match[0]),
                    '"only" claims that no one else is affected',
                    'write "if you ..., you are affected"',
                )


@rule(
    "unproven-all",
    "error",
    "Nothing about all the others",
    why="No data shows that everyone else is safe: logs have holes, and a hijacked DNS sends the victims elsewhere.",
    section="safe",
    bad="All other users are safe and need not act.",
    good="We cannot yet say that anything else was safe, so follow the updates.",
)
def unproven_all(draft: Draft) -> Iterator[Hit]:
    """Look for sentences about everyone else."""
    yield from _hits(
        draft, _ALL, "no data shows that the others are safe", "name what a person has cleared, and nothing else"
    )


@rule(
    "no-funds-lost",
    "error",
    'No "funds are safe"',
    why="Thieves wait for days. What was signed or typed is taken later, by those who read that nothing was lost.",
    section="safe",
    bad="We are aware of an issue with our site. User funds are safe, no funds were lost.",
    good="So far we know of at least 9 wallets from which assets were taken.",
)
def no_funds_lost(draft: Draft) -> Iterator[Hit]:
    """Look for promises about funds."""
    for match in _FUNDS.finditer(draft.seen):
        before = draft.seen[max(0, match.start() - 40) : match.start()]
        if re.search(
            r"\bnot\s+(?:safe|secure|protected)|may be|might be|(?:is|are|was|were) (?:\w+ )?(?:compromised"
            r"|affected|stolen|at risk|impacted)",
            match[0],
            _I,
        ) and not re.match(r"no\b", match[0], _I):
            continue
        if not re.search(r"\b(?:if|whether|until|not \w+ that|cannot \w+ that)\b[^.!?]{0,30}$", before, _I):
            yield Hit(
                match.start(),
                match.end(),
                "no data shows this, and it keeps people from acting",
                "count what is known, as at least",
            )


@rule(
    "percentage",
    "warning",
    "A test, not a share",
    why='"Less than 0.1 % of users" leaves each reader with 99.9 % hope and no way to check. What did they do?',
    section="testable-who",
    bad="Less than 0.1% of our monthly active users have been affected.",
    good="If you entered your recovery phrase on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 "
    "March 2026 ...",
)
def percentage(draft: Draft) -> Iterator[Hit]:
    """Look for shares and vague quantities of users."""
    yield from _hits(
        draft, _PERCENT, "nobody can tell from this whether they are affected", "say what they did, where and when"
    )


@rule(
    "bare-count",
    "warning",
    'Counts are "at least"',
    why="The number grows. Whoever read the first one thinks that they were counted.",
    section="counts",
    bad="A total of 41 wallets were drained.",
    good="So far we know of at least 41 wallets from which assets were taken.",
)
def bare_count(draft: Draft) -> Iterator[Hit]:
    """Look for numbers of wallets that do not say "at least"."""
    for match in _COUNT.finditer(draft.seen):
        before = draft.seen[max(0, match.start("number") - 40) : match.start("number")]
        if not AT_LEAST.search(before) and "+" not in match[0] and match["number"] not in ("1", "12", "24"):
            yield Hit(match.start("number"), match.end(), "a bare count", f'write "at least {match["number"]}"')
