"""For any incident: every confirmed victim satisfies what is published, and no sentence stands without a passed claim.

Held against the truth that the tables were drawn from, by reading the published texts as a reader does: what was done, between when
and when. Nothing here asks the code under test which wallet fits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from exposure.case import Case
from exposure.publish.lint.judge import draft_of, ground_of_facts, lint
from exposure.publish.texts.advise import Composition, compose
from exposure.publish.texts.claims import problems
from exposure.publish.texts.rendering import files
from tests.publish.any_incident import EXPOSES, OTHER_SPENDER, WORDS, Drawn, Wallet, incidents
from tests.publish.scene import SPENDER

HEDGES = ("we believe", "do not know", "cannot see", "no sign")
LEAD = re.compile(r"If you (?P<did>(?:[^*<.:]|\[\.\])+?) (?P<when>between [^*,]+|at any time[^*,]*), [^*]*?\.")
CLOCK = re.compile(r"(\d\d:\d\d)(?: UTC)?(?: on (\w+) (\d{1,2} \w+)(?: (\d{4}))?)?")
# What stands in a text beside its sentences.
FRAME = re.compile(
    r"What to do now, if you are affected|What to do, if you are affected and have not acted yet|If this does not describe you"
    r"|What we know, and what we do not|Where to look, and whom to trust|What we still do not know"
    r"|Exact times|Above, times are rounded outward to the quarter hour\. The data itself says:|[#\s]|\d\.|-"
)


@dataclass(frozen=True)
class Published:
    """One "if you X between T1 and T2", as it is read in a text; None = no bound."""

    did: str
    start: datetime | None
    end: datetime | None
    whole: str

    def describes(self, action: str, time: datetime) -> bool:
        """Tell whether a reader who did this then finds themselves in it."""
        late, early = self.start is not None and time < self.start, self.end is not None and time > self.end
        return WORDS[action] in self.did and not late and not early


def read(text: str) -> list[Published]:
    """Read the conditions of a text: their days are checked, their times must all be understood."""
    found = []
    for match in LEAD.finditer(" ".join(text.split())):
        clocks = CLOCK.findall(match["when"])
        assert len(clocks) == len(re.findall(r"\d\d:\d\d", match["when"])), match[0]
        times = list(_dated(clocks))
        start = None if match["when"].startswith("at any time up to") else next(iter(times), None)
        end = None if match["when"].startswith("at any time since") else next(reversed(times), None)
        assert len(times) == 2 * match["when"].startswith("between") or len(times) < 2, match[0]
        found.append(Published(match["did"], start, end, match[0]))
    return found


def _dated(clocks: list[tuple[str, str, str, str]]) -> Iterator[datetime]:
    """Give the times of one condition: a date or a year that stands once holds for both."""
    year, date = clocks[-1][3] if clocks else "", clocks[-1][2] if clocks else ""
    for clock, weekday, day, own in clocks:
        time = datetime.strptime(f"{clock} {day or date} {own or year}", "%H:%M %d %B %Y").replace(tzinfo=UTC)
        assert not weekday or f"{time:%A}" == weekday
        yield time


@dataclass(frozen=True)
class Told:
    """What was published of one incident."""

    drawn: Drawn
    said: Composition
    texts: dict[str, str]

    @property
    def listed(self) -> set[str]:
        """The wallets that claims.json names as lying outside."""
        return {str(row["address"]) for row in self.said.checks["condition"].rows}

    @property
    def initial(self) -> str:
        """The first message, on one line."""
        return " ".join(self.texts["initial.md"].split())

    def describes(self, wallet: Wallet, *, doubtful: bool = False) -> bool:
        """Tell whether who did what this wallet's owner surely (`doubtful`: perhaps) did is in the first message."""
        deeds = [deed[:2] for deed in wallet.deeds if doubtful or deed[2]]
        return any(one.describes(*deed) for one in read(self.texts["initial.md"]) for deed in deeds if deed[0])


def tell(drawn: Drawn, folder: Path) -> Told:
    """Make all texts, as `exposure advise` does."""
    said = compose(Case(folder), drawn.scene.incident, drawn.scene.tables, drawn.now)
    texts = {name: text for message in said.messages for name, text in files(message, said.facts).items()}
    return Told(drawn, said, texts)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case in which nothing was reviewed yet."""
    return tmp_path_factory.mktemp("case")


# Shrinking takes minutes: a failing example is small enough to read as it is.
@settings(
    max_examples=80,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=incidents())
def test_every_victim_is_described_and_every_sentence_is_proven(drawn: Drawn, empty: Path) -> None:
    """Whatever the tables hold."""
    told = tell(drawn, empty)
    nobody_is_forgotten(told)
    every_sentence_is_proven(told)
    what_is_said_is_true(told)
    what_is_told_to_do_fits(told)
    lint_finds_no_error(told)


def nobody_is_forgotten(told: Told) -> None:
    """A confirmed victim reads their own condition; one who does not is listed, and no text is sure of itself then."""
    confirmed = [w for w in told.drawn.wallets if w.tied and w.verdict == "compromised" and w.sure]
    # Of one who may have done it inside, through a crowded client, nothing can be told.
    outside = {w.address for w in confirmed if not told.describes(w, doubtful=True)}
    for wallet in told.drawn.wallets:
        if wallet.tied and wallet.verdict in ("compromised", "probable", "exposed"):
            deeds = [deed for deed in wallet.sure if EXPOSES.get(deed[0], "none") != "none"]
            if any(told.drawn.inside(*deed) for deed in deeds) and not told.describes(wallet):
                # Other deeds of theirs were called harmless by the rates: at least one of all must be named.
                named = [deed for deed in deeds if any(WORDS[deed[0]] in one.did for one in read(told.initial))]
                assert named, wallet
                assert not any(told.drawn.inside(*deed) for deed in named), wallet
    if told.said.facts.conditions:
        assert outside <= told.listed
        doubtful = [w for w in told.drawn.wallets if w.address in told.listed - outside]
        assert not [w for w in doubtful if not w.tied or w.verdict != "compromised" or w.sure]
    if told.listed:
        assert any("outside what the texts say" in problem for problem in problems(told.said.checks))
        assert all("we believe" in one.whole for one in read(told.initial))
        assert "that this does not describe" in told.initial
    # Every channel gives the same conditions as the first message.
    whole = {(one.did, one.start, one.end) for one in read(told.texts["initial.md"])}
    for name, text in told.texts.items():
        if name.split(".")[0] in ("initial", "update", "banner", "reply", "amplify") and not name.endswith(".html"):
            bare = re.sub(r" \d+/\d+\n|…|-----", "", text)
            assert name.endswith(".x.txt") or {(one.did, one.start, one.end) for one in read(bare)} == whole, name


def every_sentence_is_proven(told: Told) -> None:
    """No sentence is printed that is not in claims.json, and one whose claim did not pass says so."""
    for message in told.said.messages:
        for sentence in message.sentences:
            hedged = any(hedge in sentence.text.lower() for hedge in HEDGES)
            assert sentence.result == "passed" or hedged, sentence
    for name in ("initial", "update", "resolved", "followup"):
        message = next(one for one in told.said.messages if one.name == name)
        left = _bare(told.texts[f"{name}.md"])
        if left.startswith("**Not ready"):
            continue
        for said in sorted((_bare(one.text) for one in message.sentences), key=len, reverse=True):
            left = left.replace(said, " ")
        for remedy in message.remedies:
            left = left.replace(f"### {_bare(remedy.heading)}", " ") if remedy.heading else left
        assert FRAME.sub("", left) == "", name


def _bare(text: str) -> str:
    return " ".join(re.sub(r"(?m)^\s*- ", "", text).split())


def what_is_said_is_true(told: Told) -> None:
    """Counts, and each word that could keep someone from acting."""
    text, wallets = " ".join(told.texts["followup.md"].split()) + told.initial, told.drawn.wallets
    harmed = [wallet for wallet in wallets if wallet.harmed]
    for number in re.findall(r"at least ([\d,]+) wallets? from which", text):
        assert int(number.replace(",", "")) <= sum(w.tied and w.verdict == "compromised" and w.lost for w in wallets)
    left_out = [wallet for wallet in harmed if not told.describes(wallet)]
    confirmed = [wallet for wallet in wallets if wallet.verdict == "compromised"]
    if "that alone did not put your wallet at risk" in text:
        assert not [w for w in left_out if any(action == "connected_hardware_wallet" for action, *_ in w.deeds)]
    if "A hardware wallet is not affected" in text:
        assert told.drawn.spenders == {}
        assert not [w for w in left_out if w.sure or w.verdict == "compromised"]
        assert not [w for w in wallets if any(EXPOSES.get(action) == "approval" for action, *_ in w.deeds)]
        assert told.said.facts.vector != "dns"
    if "we know of nothing that you must do now" in text:
        assert all(wallet.tied and told.describes(wallet) for wallet in confirmed)
        assert told.said.facts.vector != "dns"
    if told.said.facts.status == "ongoing":
        assert "The attack is over" not in text
        assert "The attack is contained" not in text
        assert all(one.end is None for one in read(told.initial))
    for one in read(told.initial):
        if "we believe" not in one.whole and "act as if" not in one.whole:
            named = [name for name, words in WORDS.items() if words in one.did]
            assert {told.drawn.rates.get(name) for name in named} == {"yes"}, one
            assert one.start is not None
    said = " ".join(told.texts.values()).lower()
    assert [wallet.address for wallet in wallets if wallet.address in said] == []


def what_is_told_to_do_fits(told: Told) -> None:
    """Each kind of harm that somebody suffered has its remedy, and each spender is named, as surely as a person said so."""
    must = [w for w in told.drawn.wallets if w.tied and w.verdict in ("compromised", "probable", "exposed")]
    gave = set()
    for wallet in must:
        risky = {action for action, *_ in wallet.deeds if EXPOSES.get(action, "none") != "none"}
        # What the rates rule out is what harmed nobody, unless a wallet did nothing else.
        gave |= {EXPOSES[action] for action in risky if told.drawn.rates[action] != "no" or len(risky) == 1}
    if "key" in gave:
        assert "**new recovery phrase**" in told.initial
    if "approval" in gave or told.drawn.spenders:
        assert "Revoke every approval" in told.initial
    for address, confirmed in told.drawn.spenders.items():
        for name in ("initial.md", "initial.x.txt", "initial.discord.md", "initial.telegram.txt", "banner.html"):
            assert address in told.texts[name].lower(), (name, address)
        before = told.initial.split("We believe that these are the attacker's too")[0].lower()
        assert confirmed == (address in before)
    assert {SPENDER, OTHER_SPENDER} - set(told.drawn.spenders) == {
        address for address in (SPENDER, OTHER_SPENDER) if address not in told.initial.lower()
    }


def lint_finds_no_error(told: Told) -> None:
    """The rules for any text hold for ours, held against the same facts."""
    ground = ground_of_facts(told.said.facts, told.said.checks, [wallet.address for wallet in told.drawn.wallets])
    found = lint(draft_of("initial.md", told.texts["initial.md"], ground))
    assert [one for one in found if one.severity == "error"] == []
