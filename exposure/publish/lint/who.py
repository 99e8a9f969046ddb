"""Rules on the three questions: am I affected and how can I know; if so, what now; if not, what then. Pure."""

import re
from collections.abc import Iterator

from exposure.publish.lint.draft import Draft, Sentence
from exposure.publish.lint.rule import Hit, rule

_I = re.IGNORECASE
# "If you entered ...", "anyone who signed ...": what follows says whom the sentence is for.
CONDITION = re.compile(
    r"\b(?:(?:if|when|in case) (?:you|your)\b|(?:users?|people|individuals|persons|anyone|anybody|everyone"
    r"|everybody|those|customers?|holders?|wallets?"
    r"|accounts?|whoever)(?: of you)? (?:who|that|which)\b|whoever\b|if assets left\b|did you\b"
    r"|have you\b)(?P<deed>.{0,400})",
    _I | re.DOTALL,
)
_DEED = re.compile(
    r"\b(?:enter|typ(?:e|ed|ing)\b|past(?:e|ed|ing)\b|import|unlock|g(?:a|i)ve|export|submit|upload|creat|restor"
    r"|log(?:ged|in)?\b|authenticat|sign|approv"
    r"|confirm|permit|swap|deposit|withdr|claim|mint|stak|bridg|delegat|sen[dt]\b|open|us(?:e|ed|ing)\b|visit"
    r"|brows|load|install|updat"
    r"|download|ran\b|run\b|connect|access|interact|transact|execut|accept|authori[sz]|click|hold|held|own|built"
    r"|deploy|left your wallet)",
    _I,
)
NEGATED = re.compile(
    r"^\W*(?:\w+ )?(?:did not|didn.t|do not|don.t|have not|haven.t|never|has not|hasn.t|are not|aren.t|were not)\b", _I
)
KEY_THING = (
    r"(?:(?:recovery|seed|secret|backup|mnemonic|pass)[ -]?(?:recovery )?(?:phrases?|words?)|seeds?\b|mnemonics?"
    r"|private[ -]keys?"
    r"|key ?stores?|12 words|24 words|twelve words|secret key)"
)
_KEY = re.compile(KEY_THING, _I)
_KEY_DEED = re.compile(
    rf"\b(?:enter|typ|past|import|unlock|g(?:a|i)ve|given|export|submit|upload|creat|restor|log(?:ged)?\b|shar"
    rf"|us(?:e|ed)\b)\w*\b[^.!?]{{0,90}}?{KEY_THING}",
    _I,
)
_SIGN_DEED = re.compile(
    r"\b(?:sign(?:ed|ing)?\b|signatures?|approv(?:e|ed|al|als|ing)\b|confirm(?:ed|ing)?\b|permits?\b"
    r"|swap(?:ped)?\b|deposited|minted"
    r"|delegated|transact(?:ed|ion)?)",
    _I,
)
# A sentence that takes people out of the circle is no condition of being in it.
CLEARS = re.compile(
    r"\b(?:(?:is|are|were|was) (?:also )?(?:not|un) ?affected|not (?:affected|impacted)|unaffected|need not"
    r"|do(?:es)? not need|don.t need|no action"
    r"|(?:are|is) (?:still )?safe\b|did not put|not at risk|nothing to do)",
    _I,
)
# A remedy's own "if": it says what to do later, not who is affected.
_ASIDE = re.compile(
    r"^\W*(?:are|r) (?:not sure|unsure|doubt|affected)|^\W*(?:cannot|can.t) tell|^\W*(?:see|have questions"
    r"|need help)",
    _I,
)
_ACTION = re.compile(
    r"\b(?:move|transfer|withdraw|migrat\w+|sweep|revoke|create (?:a|an)|make (?:a|an)|set up|generate"
    r"|send (?:everything|all|what|your)|"
    r"rotate|uninstall|disable|remove|cancel|un-?delegate|update to|upgrade|reset|replace|abandon)\b",
    _I,
)
_NOT_THEN = re.compile(
    r"\bif (?:this|that|it|none of (?:this|these)|you) (?:does|do|did|is|are|have|has|were)(?: not|n.t)|if not\b"
    r"|if you (?:never|only)|otherwise\b"
    r"|every(?:one|body) else|anyone else|all others|not (?:affected|impacted)|need not|do not need to|don.t need to"
    r"|no action (?:is )?(?:needed|required)"
    r"|(?:do not|don.t|please avoid|stop) us(?:e|ing)|(?:do not|don.t) (?:visit|open|interact|connect|sign"
    r"|approve|update|log)",
    _I,
)
_WHO_NOT = re.compile(
    r"not (?:affected|impacted)|unaffected|not at risk|did not put|is safe\b|(?<!you )\bare safe\b"
    r"|nothing (?:else )?to do"
    r"|need not act|no action (?:is )?needed"
    r"|(?:cannot|can.t|do not|don.t) (?:yet )?(?:say|know|tell)[^.!?]{0,80}(?:safe|affected|who|else|action)"
    r"|still (?:finding|working) out (?:who|whether)",
    _I,
)
_UNSURE = re.compile(
    r"\b(?:not sure|unsure|doubt|do not (?:know|remember)|don.t (?:know|remember)|cannot tell|can.t tell)\b", _I
)
_PUBLIC = ("reply", "amplify", "support", "postmortem", "status")
_GREETING = re.compile(
    r"^(?:hi|hello|hey|dear|gm|subject|update|thread|thanks?|thank you|\d{1,2}\s*/\s*\d{0,2}"
    r"|[A-Z][\w ]{0,30}:$)\b[^.!?]{0,60}[,:!]?$",
    _I,
)
# "If you" stands at the beginning, not behind the story.
_LED = 60
_INTERJECTION = re.compile(r"^(?:\W*\w+){0,3}\W*!+$")
_CONSEQUENCE = re.compile(
    r"[,;:](?! (?:or|and)\b)|\b(?:please|you must|you should|should|we believe"
    r"|your wallet is)\b",
    _I,
)
_NO_ONE = re.compile(
    r"\b(?:contracts?|protocol|funds|assets|backend|servers?)\b[^.!?]{0,30}\b(?:not affected"
    r"|unaffected|not at risk|(?:is|are) safe)",
    _I,
)
_AFFECTED_FIRST = re.compile(
    r"\b(?:is your wallet|are you) affected\b|\b(?:who is|who.s|those|users?|you(?:r wallet)? (?:is|are"
    r"|may be)) affected\b|^affected\b",
    _I,
)


def conditions(draft: Draft) -> list[tuple[Sentence, str]]:
    """Give the sentences that say who is affected, each with what it says was done."""
    found = []
    for sentence in draft.sentences:
        match = CONDITION.search(sentence.text)
        if not match or CLEARS.search(sentence.text):
            continue
        deed = match["deed"]
        if NEGATED.match(deed) or _ASIDE.match(deed) or not _DEED.search(deed):
            continue
        found.append((sentence, deed))
    return found


def exposures(draft: Draft) -> set[str]:
    """Tell which kinds of harm the text's own conditions describe: key, approval."""
    found = set()
    for _, deed in conditions(draft):
        # The action stands at the beginning; what it leads to is not part of it.
        head = _CONSEQUENCE.split(deed)[0]
        if _KEY_DEED.search(head):
            found.add("key")
        if _SIGN_DEED.search(_KEY.sub(" ", head)):
            found.add("approval")
    return found


@rule(
    "who-first",
    "error",
    "The first sentence says who is affected",
    why="People read one sentence. If it is about us, those who must act scroll on; of 13 official first "
    "messages, 2 led with who.",
    section="who-first",
    bad="We have become aware of a security incident involving our front end. If you signed an approval there, "
    "revoke it.",
    good="If you signed an approval on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 March "
    "2026, revoke it now.",
    not_for=_PUBLIC,
)
def who_first(draft: Draft) -> Iterator[Hit]:
    """Look at the first sentence that is neither heading nor greeting."""
    first = next(
        (s for s in draft.sentences if not (s.heading or _GREETING.match(s.text) or _INTERJECTION.match(s.text))), None
    )
    if first is None:
        return
    led = [s for s in draft.sentences if s.start <= first.start]
    if any(
        ((match := CONDITION.search(s.text)) and match.start() < _LED) or _AFFECTED_FIRST.search(s.text) for s in led
    ):
        return
    yield Hit(
        first.start,
        first.end,
        "the text does not begin with who is affected",
        'begin with "If you <did X> on <site, written site[.]com> between <T1> and <T2> UTC on <date>, ..."',
    )


@rule(
    "testable-who",
    "error",
    "A reader can tell whether it is about them",
    why='"Some users" tells nobody anything. What a person did, where and when, they can hold against their own memory.',
    section="testable-who",
    bad="Some users may be affected by an incident on our site. Move your funds to a wallet with a new recovery "
    "phrase.",
    good="If you entered your recovery phrase on examplewallet[.]com between 09:00 and 10:45 UTC on Wednesday 4 "
    "March 2026, move.",
)
def testable_who(draft: Draft) -> Iterator[Hit]:
    """Look for one condition with a deed anywhere."""
    if draft.sentences and not conditions(draft):
        first = draft.sentences[0]
        yield Hit(
            first.start,
            first.end,
            "nothing in the text lets a reader test whether they are affected",
            'say what they did: "If you entered your recovery phrase on ...", "If you signed an approval on ..."',
        )


@rule(
    "act-if-affected",
    "error",
    "It says what to do if you are affected",
    why="Whoever learns that they are affected and not what to do loses the minutes that count.",
    section="what-to-do",
    bad="If you entered your recovery phrase on examplewallet[.]com today, you are affected. We are investigating.",
    good="If you entered your recovery phrase there: make a wallet with a new recovery phrase and move "
    "everything to it.",
    not_for=("amplify", "postmortem", "status"),
)
def act_if_affected(draft: Draft) -> Iterator[Hit]:
    """Look for an action that saves something; "do not use the site" saves nobody who did."""
    if draft.sentences and not _ACTION.search(draft.seen):
        last = draft.sentences[-1]
        yield Hit(
            last.end,
            last.end,
            "the text does not say what to do for those who are affected",
            "keys: a wallet with a new recovery phrase, move everything; signatures: revoke what was signed, "
            "name the address",
        )


@rule(
    "act-if-not",
    "warning",
    "It says what to do, or not to do, if you are not",
    why="Thousands who are safe will act on a warning that does not speak to them, and moving funds in a hurry "
    "costs money too.",
    section="who-is-not",
    bad="If you signed an approval on examplewallet[.]com after 09:00 UTC on Wednesday 4 March 2026, revoke it.",
    good="If you did not sign anything there, you need not act; do not use examplewallet[.]com until we say so.",
    not_for=("postmortem", "amplify"),
)
def act_if_not(draft: Draft) -> Iterator[Hit]:
    """Look for a word to everyone else."""
    if draft.sentences and not draft.brief and not _NOT_THEN.search(_NO_ONE.sub("", draft.seen)):
        last = draft.sentences[-1]
        yield Hit(
            last.end,
            last.end,
            "no word to those whom the condition does not describe",
            'add: "If this does not describe you: do not use site[.]com until we say so, and follow the updates."',
        )


@rule(
    "who-is-not",
    "warning",
    "It says who is not affected, or that this is not known yet",
    why="Whom it is not for is part of every good warning; where nobody knows, saying so is honest and stops guessing.",
    section="who-is-not",
    bad="If you signed an approval on examplewallet[.]com after 09:00 UTC on Wednesday 4 March 2026, revoke it. "
    "Do not use the site.",
    good="We cannot yet say that anything else was safe, so follow the updates.",
    not_for=("amplify", "postmortem", "reply"),
)
def who_is_not(draft: Draft) -> Iterator[Hit]:
    """Look for who is not affected."""
    if draft.sentences and not draft.brief and not _WHO_NOT.search(_NO_ONE.sub("", draft.seen)):
        last = draft.sentences[-1]
        yield Hit(
            last.end,
            last.end,
            "the text does not say who is not affected",
            'name what a person has cleared, or write "We cannot say yet who is not affected."',
        )


@rule(
    "if-unsure",
    "warning",
    "It tells those who are not sure to act",
    why="Nobody remembers minutes. Who hesitates and is affected loses everything; who acts and is not loses a fee.",
    section="who-first",
    bad="If you signed an approval on examplewallet[.]com after 09:00 UTC on Wednesday 4 March 2026, revoke it. "
    "That is all we know.",
    good="If you are not sure, act as if you are affected.",
    not_for=("amplify", "postmortem"),
)
def if_unsure(draft: Draft) -> Iterator[Hit]:
    """Look for a word to the unsure."""
    if draft.sentences and not draft.brief and not _UNSURE.search(draft.seen):
        last = draft.sentences[-1]
        yield Hit(
            last.end,
            last.end,
            "no word to those who are not sure",
            'add: "If you are not sure, act as if you are affected."',
        )
