"""Candidates' logs are asked for in the way that is cheapest by what the endpoint turned out to allow."""

from pathlib import Path

import pytest
from aiohttp import web

from tests.chain.profiles import Profile, topics
from tests.chain.proxy import Asked, Fault, Forward, Proxy
from tests.chain.test_refusals import data, wallets
from tests.chain.village import Village, incident, pull_all, wanted

# A hundred people who never did anything: in lists of two that is 52 lists of three queries each.
CROWD = [f"0x{number:040x}" for number in range(10**9, 10**9 + 100)]

LISTS_OF_TWO = topics(2, "exceed max addresses or topics per search position")


@pytest.fixture(scope="module")
def truth(village: Village, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables that an honest endpoint gives."""
    return _pull(village, tmp_path_factory.mktemp("truth"), Profile("honest", "", ()))[0]


def _pull(village: Village, folder: Path, fault: Fault) -> tuple[dict[str, bytes], int, object]:
    """Pull the village and the crowd; give the tables, how many log queries it took, and the problems."""
    with Proxy(village.url, fault) as proxy:
        # Two attackers fit into a list: that lists are short is not known before the wallets are asked about.
        asked = wanted(village, [*wallets(village), *CROWD], [village.drainer, village.sink])
        figures = pull_all(incident(folder, proxy.url), asked)
        return data(folder), proxy.count("eth_getLogs"), figures["problems"]


def test_where_lists_turn_out_to_be_short_everybodys_logs_are_asked_for(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """The plan of three long lists is dropped at the first refusal: two addresses a list would take 156 queries."""
    found, queries, problems = _pull(village, tmp_path, Profile("short lists", "", (LISTS_OF_TWO,)))
    assert ([], truth) == (problems, found)
    assert queries < 40


def test_blocks_that_hold_too_much_for_one_answer_are_asked_for_by_lists_after_all(
    village: Village, truth: dict[str, bytes], tmp_path: Path
) -> None:
    """Everybody's logs are cheaper, but not every block can be had so: nothing is missing in the end."""
    seen: list[int] = []
    short = Profile("short lists", "", (LISTS_OF_TWO,))

    async def crowded(asked: Asked, forward: Forward) -> web.Response | None:
        [call, *_] = asked.calls
        if call["method"] == "eth_getLogs" and len(call["params"][0]["topics"]) == 1:
            seen.append(asked.number)
            [answer] = await forward()
            if answer["result"]:
                return asked.refuse("query exceeds max results", -32602)
        return await short(asked, forward)

    found, _, problems = _pull(village, tmp_path, crowded)
    assert ([], truth) == (problems, found)
    assert seen
