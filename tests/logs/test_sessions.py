"""Sessions come from every request of a client, and a link is as strong as what it rests on."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from exposure.logs import sessions
from exposure.logs.addresses import MENTIONS
from exposure.logs.sessions import find_sessions, known_addresses, link_sightings, name_sessions
from exposure.logs.traffic import CELLS, count_cells
from tests.logs.logbook import ALICE, BOB, at

GAP = timedelta(minutes=30)


def minute(number: float) -> datetime:
    """So many minutes after noon."""
    return at(60 * number)


def cells(*requests: tuple[int, datetime], source: int = 0, host: str = "a") -> pl.DataFrame:
    """Count requests of (client, time)."""
    schema = {"client": pl.UInt64, "time": CELLS["minute"]}
    fields = {"host": pl.lit(host), "bytes": pl.lit(1), "status": pl.lit(200), "source": pl.lit(source, pl.UInt32)}
    return count_cells(pl.DataFrame(requests, schema=schema, orient="row").with_columns(**fields)).select(CELLS.names())


def starts(*parts: pl.DataFrame, gap: timedelta = GAP) -> list[tuple[int, int, datetime]]:
    """Give client, number and start of all sessions."""
    both = pl.concat(parts)
    return find_sessions(both.lazy(), both.get_column("client"), gap).select("client", "number", "start").rows()


def test_a_new_session_begins_after_the_gap() -> None:
    """Exactly thirty minutes still belong together."""
    assert [(1, 1, minute(0)), (1, 2, at(3601))] == starts(cells((1, minute(0)), (1, minute(30)), (1, at(3601))))


def test_a_request_that_is_not_kept_holds_a_session_together() -> None:
    """Twenty minutes to an image and twenty more to the next page are one visit."""
    images = cells((1, minute(20)), (1, minute(40)))
    assert [(1, 1, minute(0))] == starts(cells((1, minute(0)), (1, minute(60))), images)


def test_the_order_of_files_and_lines_does_not_matter() -> None:
    """A later file may hold earlier lines, and two servers write at once."""
    late = cells((1, minute(50)), source=1, host="b")
    early = cells((1, minute(0)), (1, minute(25)), (2, minute(1)))
    expected = [(1, 1, minute(0)), (2, 1, minute(1))]
    assert expected == starts(late, early) == starts(early, late)


def test_the_longer_of_two_requests_within_a_minute_counts() -> None:
    """One server saw the client at the start of the minute, the other at its end."""
    one = cells((1, at(1)), (1, at(59)))
    other = cells((1, at(2)), source=1)
    assert [(1, 1, at(1))] == starts(one, other, cells((1, at(59 + 1800))))


def test_only_the_clients_that_matter_are_followed() -> None:
    """Most clients never name an address."""
    both = cells((1, minute(0)), (2, minute(0)))
    assert [1] == find_sessions(both.lazy(), pl.Series([1], dtype=pl.UInt64), GAP).get_column("client").to_list()


def test_each_request_gets_its_session() -> None:
    """The name is the client's pseudonym and the number; without a client there is no session."""
    times = [(1, minute(0)), (1, minute(5)), (1, minute(90)), (255, minute(5))]
    found = find_sessions(cells(*times).lazy(), pl.Series([1, 255], dtype=pl.UInt64), GAP)
    rows = pl.DataFrame(
        [*times, (None, minute(5))], schema={"client": pl.UInt64, "time": CELLS["minute"]}, orient="row"
    )
    one, other = "0000000000000001", "00000000000000ff"
    assert [
        (one, f"{one}-1"), (one, f"{one}-1"), (one, f"{one}-2"), (other, f"{other}-1"), (None, None),
    ] == name_sessions(rows.with_row_index(), found).sort("index").select("client", "session").rows()  # fmt: skip


Request = tuple[int, str | None, str | None, str | None]


def link(requests: list[Request], seen: list[tuple[int, str, bool]]) -> list[tuple[str, str, str | None, float, int]]:
    """Link requests (line, client, session, action) and mentions (line, address, in_target)."""
    schema = {"line": pl.UInt64, "client": pl.String, "session": pl.String, "action": pl.String}
    rows = pl.DataFrame(requests, schema=schema, orient="row").with_columns(
        source=pl.lit(0, pl.UInt32),
        time=pl.lit(at(0)) + pl.duration(minutes="line"),
        event=pl.lit(None, pl.String),
    )
    mentions = [(0, line, address, in_target, False) for line, address, in_target in seen]
    named = pl.DataFrame(mentions, schema=MENTIONS, orient="row")
    famous = known_addresses(named.join(rows.select("line", "client"), on="line").lazy())
    linked = link_sightings(rows, named, famous)
    assert linked.height == linked.filter(pl.col("time") == pl.lit(at(0)) + pl.duration(minutes="line")).height
    chosen = linked.with_columns(pl.col("strength").round(4)).select("address", "link", "action", "strength", "line")
    return sorted(chosen.rows(), key=str)


def test_an_address_in_the_request_that_did_it_is_direct() -> None:
    """Nearly sure: people look at addresses of others, too."""
    assert [(ALICE, "direct", "x", 0.98, 1)] == link([(1, "c", "c-1", "x")], [(1, ALICE, True)])


def test_an_action_without_an_address_is_tied_to_the_address_of_its_session() -> None:
    """The sighting bears time and place of the action, not of the page that named the address."""
    requests: list[Request] = [(1, "c", "c-1", None), (2, "c", "c-1", "x")]
    expected = [(ALICE, "direct", None, 0.98, 1), (ALICE, "session", "x", 0.9, 2)]
    assert expected == link(requests, [(1, ALICE, True)])


def test_another_session_or_client_ties_nothing() -> None:
    """Yesterday somebody else may have sat there."""
    requests: list[Request] = [(1, "c", "c-1", None), (2, "c", "c-2", "x"), (3, "d", "d-1", "x"), (4, None, None, "x")]
    assert [(ALICE, "direct", None, 0.98, 1)] == link(requests, [(1, ALICE, True)])


def test_a_request_with_its_own_address_is_tied_to_the_others_of_its_session_as_well() -> None:
    """A recovery phrase gives away every account of it, whichever was on the screen."""
    requests: list[Request] = [(1, "c", "c-1", None), (2, "c", "c-1", "x")]
    linked = link(requests, [(1, ALICE, True), (2, BOB, True)])
    assert [(ALICE, "direct", None, 0.98, 1), (ALICE, "session", "x", 0.75, 2), (BOB, "direct", "x", 0.98, 2)] == linked


def test_an_address_in_the_referer_is_as_sure_as_one_of_the_session() -> None:
    """It stood on the page before; then perhaps another wallet was opened."""
    assert [(ALICE, "direct", "x", 0.9, 1)] == link([(1, "c", "c-1", "x")], [(1, ALICE, False)])
    assert [(ALICE, "direct", "x", 0.98, 1)] == link([(1, "c", "c-1", "x")], [(1, ALICE, True)])


@pytest.mark.parametrize(
    ("addresses", "direct", "session"),
    [
        (1, 0.98, 0.9),
        (2, 0.98, 0.75),
        (3, 0.98, 0.75),
        (4, 0.98, 0.25),
        (20, 0.98, 0.05),
        (21, 0.5, 0.0476),
        (50, 0.5, 0.02),
    ],
)
def test_more_addresses_make_weaker_links(addresses: int, direct: float, session: float) -> None:
    """Of four wallets on the screen each is a quarter likely; a client with many addresses proves little of any."""
    seen = [(1, f"0x{number:040x}", True) for number in range(2, addresses + 2)]
    linked = link([(1, "c", "c-1", None), (2, "c", "c-1", "x")], seen)
    assert {("direct", direct), ("session", session)} == {(row[1], row[3]) for row in linked}


def test_a_bot_proves_nothing() -> None:
    """Anyone can ask for ten thousand addresses: one of n, and no links from a session that is a list."""
    seen = [(line, f"0x{line:040x}", True) for line in range(2, 252)]
    linked = link([(1, "c", "c-1", "x"), *((line, "c", "c-1", None) for line in range(2, 252))], seen)
    assert {("direct", 0.004)} == {(row[1], row[3]) for row in linked}


@pytest.mark.parametrize(("clients", "strength"), [(50, 0.9), (51, 0.5), (499, 0.5), (500, 0.002)])
def test_an_address_that_everybody_looks_at_is_hardly_tied_by_a_session(clients: int, strength: float) -> None:
    """A celebrity's wallet is in many sessions in which somebody typed a phrase: not its owner."""
    watched = [(number, f"c{number}", f"c{number}-1", None) for number in range(1, clients + 1)]
    acted: Request = (10_000, "c1", "c1-1", "x")
    linked = link([*watched, acted], [(number, ALICE, True) for number in range(1, clients + 1)])
    assert [strength] == [row[3] for row in linked if row[1] == "session"]
    assert {0.98} == {row[3] for row in linked if row[1] == "direct"}


def test_nothing_seen_links_nothing() -> None:
    """Actions alone name nobody."""
    assert [] == link([(1, "c", "c-1", "x")], [])


def test_the_strengths_fall_in_the_order_of_what_they_rest_on() -> None:
    """Whoever changes one keeps the order."""
    assert sessions.DIRECT > sessions.ALONE > sessions.FEW > sessions.UNREAD > 1 / sessions.FEW_ADDRESSES
    assert sessions.CROWDED_CLIENT < sessions.MOST_ADDRESSES < sessions.BOT_CLIENT
