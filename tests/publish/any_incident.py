"""Any incident: random tables as the steps before would write them, and the truth that they were drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.publish.scene import ADVICE, ETHEREUM, HARDWARE, PHRASE, SIGNED, SINK, SPENDER, Scene, wallet_address

KEYSTORE = PHRASE | {"name": "uploaded_keystore", "words": "uploaded a keystore file"}
PERMIT = SIGNED | {"name": "signed_permit", "words": "signed a permit"}
VIEWED = {
    "name": "viewed_portfolio",
    "words": "viewed your portfolio",
    "exposure": "none",
    "match": {"path": "^/portfolio"},
}
WORDS = {str(action["name"]): str(action["words"]) for action in (PHRASE, KEYSTORE, SIGNED, PERMIT, VIEWED, HARDWARE)}
EXPOSES = {
    str(action["name"]): str(action["exposure"]) for action in (PHRASE, KEYSTORE, SIGNED, PERMIT, VIEWED, HARDWARE)
}
OTHER_SPENDER = "0x" + "cafe" * 10
ZONES = (
    "America/Jamaica",
    "Australia/Brisbane",
    "Asia/Jerusalem",
    "Pacific/Guam",
    "America/New_York",
    "Europe/London",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Asia/Shanghai",
    "America/Chicago",
)
NEVER, EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Span:
    """Published bounds of one window, as the table holds them; `action` None: of every action of its exposure."""

    exposure: str
    action: str | None
    t1: datetime | None
    t2: datetime | None

    def holds(self, action: str, time: datetime) -> bool:
        """Tell whether a deed lies inside, to the microsecond."""
        return (
            EXPOSES[action] == self.exposure
            and self.action in (None, action)
            and (self.t1 or NEVER) <= time <= (self.t2 or EVER)
        )


@dataclass(frozen=True)
class Wallet:
    """One wallet as it really was. `deeds`: (action, time, surely its owner's)."""

    number: int
    verdict: str
    tied: bool
    lost: bool
    deeds: tuple[tuple[str, datetime, bool], ...]

    @property
    def address(self) -> str:
        """Its address."""
        return wallet_address(self.number)

    @property
    def harmed(self) -> bool:
        """Whether it is tied to the incident, and harm was seen."""
        return self.tied and self.verdict in ("compromised", "probable")

    @property
    def sure(self) -> list[tuple[str, datetime]]:
        """What its owner surely did."""
        return [(action, time) for action, time, sure in self.deeds if sure]


@dataclass
class Drawn:
    """An incident and its truth."""

    scene: Scene
    now: datetime
    spans: list[Span]
    rates: Mapping[str, str]
    wallets: list[Wallet] = field(default_factory=list)
    spenders: dict[str, bool] = field(default_factory=dict)

    def inside(self, action: str, time: datetime) -> bool:
        """Tell whether a deed lies inside the bounds that the tables publish."""
        return any(span.holds(action, time) for span in self.spans)


@st.composite
def incidents(draw: st.DrawFn) -> Drawn:
    """Draw one: windows to the microsecond, victims on their very edges, strays, holes, what is cleared, several chains."""
    start = datetime(2025, 1, 1, tzinfo=UTC) + draw(st.timedeltas(timedelta(0), timedelta(days=1092)))
    status = draw(st.sampled_from(("ongoing", "contained", "resolved")))
    actions = [PHRASE, *draw(st.sampled_from(([], [KEYSTORE])))]
    actions = draw(st.sampled_from((actions, [SIGNED], [SIGNED, PERMIT], [*actions, SIGNED], [])))
    actions = [*actions, *draw(st.lists(st.sampled_from((VIEWED, HARDWARE)), unique_by=lambda one: str(one["name"])))]
    scene = Scene(Path("incident")).tokens().tell(actions=tuple(actions), status=status)
    truth = _windows(draw, actions, start)
    published = [_publish(draw, span, status) for span in truth]
    ends = [span.t2 for span in truth if span.t2]
    now = max([start, *ends]) + draw(st.timedeltas(timedelta(minutes=1), timedelta(days=2)))
    drawn = Drawn(scene, now, published, _rates(draw, scene, actions))
    for number, span in enumerate(published, 1):
        _write(scene, span, number)
    _attackers(draw, drawn, actions)
    _wallets(draw, drawn, actions, truth, start)
    _surroundings(draw, scene, start, now)
    return drawn


def _windows(draw: st.DrawFn, actions: list[dict[str, Any]], start: datetime) -> list[Span]:
    found = []
    length = st.timedeltas(timedelta(microseconds=1), timedelta(days=3))
    for exposure in sorted({str(action["exposure"]) for action in actions} - {"none"}):
        begin = start
        for _ in range(draw(st.integers(1, 2))):
            end = begin + draw(length)
            mine = [str(action["name"]) for action in actions if action["exposure"] == exposure]
            action = draw(st.sampled_from((None, None, None, *mine)))
            found.append(Span(exposure, action, begin, end))
            begin = end + draw(st.timedeltas(timedelta(hours=1), timedelta(days=3)))
    return found


def _publish(draw: st.DrawFn, span: Span, status: str) -> Span:
    """Draw the bounds that assess might publish: never narrower than the truth, and each may be unknown."""
    wider = st.one_of(st.just(timedelta(0)), st.timedeltas(timedelta(0), timedelta(hours=2)))
    assert span.t1
    assert span.t2
    t1 = draw(st.sampled_from((True, True, True, False)))
    t2 = draw(st.sampled_from((True, True, True, False)))
    return Span(
        span.exposure,
        span.action,
        span.t1 - draw(wider) if t1 else None,
        span.t2 + draw(wider) if t2 and status != "ongoing" else None,
    )


def _write(scene: Scene, span: Span, number: int) -> None:
    row = {"window_id": f"w{number}", "exposure": span.exposure, "action": span.action, "method": "published"}
    first, last = (span.t1 or span.t2 or EVER), (span.t2 or span.t1 or NEVER)
    known = span.t1 or span.t2
    scene.add(
        "windows", **row, bound="T1", estimate=known and first, earliest=span.t1, latest=known and first, reason=""
    )
    scene.add("windows", **row, bound="T2", estimate=known and last, earliest=known and last, latest=span.t2, reason="")


def _rates(draw: st.DrawFn, scene: Scene, actions: list[dict[str, Any]]) -> dict[str, str]:
    found = {}
    for action in actions:
        risky = action["exposure"] != "none"
        choice = ("yes",) * 5 + ("cannot_tell", "no", "") if risky else ("no", "no", "cannot_tell", "")
        state = draw(st.sampled_from(choice))
        found[str(action["name"])] = state
        if state:
            scene.rate(str(action["name"]), state)
    return found


def _attackers(draw: st.DrawFn, drawn: Drawn, actions: list[dict[str, Any]]) -> None:
    scene = drawn.scene
    scene.attacker(SINK, exclusive=draw(st.sampled_from((False, False, False, True))))
    if not draw(st.booleans()) and not any(action["exposure"] == "approval" for action in actions):
        return
    for address in (SPENDER, OTHER_SPENDER)[: draw(st.integers(0, 2))]:
        drawn.spenders[address] = confirmed = draw(st.booleans())
        for chain in draw(st.sampled_from(((1,), (1, 8453), (None,)))):
            scene.attacker(address, "spender", chain_id=chain, confirmed=confirmed)


def _wallets(draw: st.DrawFn, drawn: Drawn, actions: list[dict[str, Any]], truth: list[Span], start: datetime) -> None:
    exclusive = any(row["exclusive"] for row in drawn.scene.rows["attackers"])
    for number in range(1, 1 + draw(st.sampled_from((0, 1, 2, 3, 3, 4, 5)))):
        verdict = draw(st.sampled_from(("compromised",) * 4 + ("probable",) * 3 + ("exposed", "possible", "no_sign")))
        lost = verdict in ("compromised", "probable") and draw(st.sampled_from((True, True, False)))
        link = draw(st.sampled_from(("logged",) * 4 + ("reported", "chain_only", "chain_only")))
        deeds = () if link == "chain_only" else draw(_deeds(actions, truth, start))
        wallet = Wallet(number, verdict, link != "chain_only" or (exclusive and lost), lost, deeds)
        drawn.wallets.append(wallet)
        hits = [time for action, time, _ in deeds if drawn.inside(action, time)]
        names = sorted({action for action, _, _ in deeds if action})
        more = {
            "did": ", ".join(names),
            "at": None,
            "link_to_incident": link,
            "first_exposed": min(hits, default=None),
            "last_exposed": max(hits, default=None),
        }
        drawn.scene.wallet(number, verdict, lost=10**18 if lost else 0, **more)
        for place, (action, time, sure) in enumerate(deeds):
            row = {"link": "direct", "strength": 0.98 if sure else 0.2, "client": f"c{number}" * 4, "session": "s"}
            ref = f"log:0a1b2c3d:{100 * number + place}"
            drawn.scene.add("sightings", address=wallet.address, action=action or None, time=time, ref=ref, **row)


@st.composite
def _deeds(
    draw: st.DrawFn, actions: list[dict[str, Any]], truth: list[Span], start: datetime
) -> tuple[tuple[str, datetime, bool], ...]:
    """Draw what one person did: mostly X inside its window, often on its very edge; at times something else, or elsewhere."""
    found = []
    for _ in range(draw(st.sampled_from((1, 1, 1, 2)))):
        names = [str(action["name"]) for action in actions]
        action = draw(st.sampled_from(names)) if names else ""
        spans = [span for span in truth if EXPOSES.get(action) == span.exposure and span.action in (None, action)]
        span = draw(st.sampled_from(spans or truth)) if truth else Span("key", None, start, start + timedelta(hours=1))
        assert span.t1
        assert span.t2
        where = draw(st.sampled_from(("start", "end", "start", "end", "inside", "inside", "stray")))
        if where == "stray":
            away = draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=2)))
            time = draw(st.sampled_from((span.t1 - away, span.t2 + away)))
        elif where == "inside":
            time = span.t1 + draw(st.floats(0, 1)) * (span.t2 - span.t1)
        else:
            time = span.t1 if where == "start" else span.t2
        found.append((action, time, draw(st.sampled_from((True, True, True, False)))))
    return tuple(found)


def _surroundings(draw: st.DrawFn, scene: Scene, start: datetime, now: datetime) -> None:
    """Draw what the texts say besides: holes in logs and chain, sites, zones, how it came about, who holds the site."""
    if draw(st.booleans()):
        first, last = start + draw(st.sampled_from((-1, 1))) * timedelta(hours=5), now - timedelta(hours=1)
        rows = {"lines": 9000, "parsed": 9000, "rejected": draw(st.sampled_from((0, 400))), "gaps": 1}
        scene.add("coverage", source="0a1b2c3d", layer="lines", first=first, last=max(first, last), **rows)
    if draw(st.booleans()):
        scene.add("coverage", source="chain:1", layer="logs", first=start, last=now, lines=50, rejected=3)
    over = {"kind": "first_known_good", "time": now - timedelta(minutes=1), "source": "deploy log 4712"}
    scene.tell(
        site=draw(st.sampled_from(((), ("examplewallet.com",), ("examplewallet.com", "app.examplewallet.com")))),
        vector=draw(st.sampled_from(("script", "dns", "extension", "unknown"))),
        control=draw(st.sampled_from(("lost", "unsure", "regained"))),
        zones=tuple(draw(st.lists(st.sampled_from(ZONES), max_size=2, unique=True))),
        facts=draw(st.sampled_from(((), (over,)))),
        advice=draw(st.sampled_from(({}, ADVICE))),
        window={"cache": draw(st.sampled_from(("0s", "4h")))},
        chains=draw(
            st.sampled_from(((ETHEREUM,), (ETHEREUM, {"name": "base", "id": 8453, "data": "base-export"}), ()))
        ),
    )
