"""The committed sample: it is what the program makes, and it holds the cases that it is there to teach."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from exposure.amounts import NATIVE
from exposure.incident_toml import load_incident
from tests.drill.made import Made

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def sample() -> Made:
    """The committed files."""
    return Made(SAMPLE)


def _contents(folder: Path) -> dict[str, object]:
    """Path -> content. Logs are unpacked, since zlib's builds pack the same bytes differently; tables are read, with their types."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".gz":
            found[name] = gzip.decompress(path.read_bytes())
        elif path.suffix == ".parquet":
            frame = pl.read_parquet(path)
            found[name] = (frame.schema, frame.rows())
        elif path.is_file() and path.name != "README.md":
            found[name] = path.read_bytes()
    return found


def test_the_sample_is_what_seed_1_makes(made: Callable[[str, int], Made]) -> None:
    """Made again, on a real node, every file has the same content: otherwise `make sample` and commit what it writes."""
    again, committed = _contents(made("sample", 1).folder), _contents(SAMPLE)
    assert list(again) == list(committed)
    assert [name for name in committed if again[name] != committed[name]] == []


def test_the_sample_is_small_and_yet_of_plausible_size(sample: Made) -> None:
    """Less than 3 MB in the repository; tens of thousands of lines, hundreds of wallets and transactions."""
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 3_000_000
    assert 20_000 < sum(1 for _ in sample.lines()) < 60_000
    assert 250 < sample.chain("transactions").height < 350
    assert 150 < sample.truth.filter(pl.col("in_logs")).height


def test_its_incident_can_be_read_and_names_one_of_two_receiving_addresses() -> None:
    """The other is left to be found."""
    sample = Made(SAMPLE)
    incident = load_incident(SAMPLE, {})
    sinks = sample.answer["attackers"]["sink"]
    assert [(attacker.address, attacker.role) for attacker in incident.attackers] == [(sinks[0], "sink")]
    assert [action.name for action in incident.actions if action.exposure == "key"] == [
        "entered_seed_phrase",
        "unlocked_keystore",
        "imported_private_key",
    ]


def test_both_receiving_addresses_robbed_at_least_three_owners(sample: Made) -> None:
    """Fewer could not be told from chance."""
    victims = {
        sink: len({sender for _, _, sender, to, amount in sample.moves if to == sink and amount})
        for sink in sample.answer["attackers"]["sink"]
    }
    assert {sink: number >= 3 for sink, number in victims.items()} == dict.fromkeys(victims, True)
    assert len(victims) == 2


def test_some_victims_stand_in_no_line_and_one_was_robbed_elsewhere(sample: Made) -> None:
    """The logs alone cannot find everybody, and the attacker has other victims."""
    unseen = sample.truth.filter(pl.col("harmed") & ~pl.col("in_logs"))
    assert sorted(unseen["exposed"].to_list()) == [False, True]


def test_some_exposed_wallets_were_not_robbed(sample: Made) -> None:
    """Two were rescued, others are not worth it to this attacker: no loss does not mean safe."""
    unharmed = sample.truth.filter(pl.col("exposed") & ~pl.col("harmed"))
    assert unharmed["rescued"].sum() == 2
    assert unharmed.height >= 4


def test_people_did_x_in_the_window_with_a_file_from_before(sample: Made) -> None:
    """They named their wallet while they did it, and nothing happened to it."""
    bad = sample.truth.filter("exposed")["address"].to_list()
    safe = set()
    for line in sample.lines("origin"):
        found = re.search(rb"04/Mar/2026:1[1-5]:.*POST /api/unlock/mnemonic\?account=(0x[0-9a-fA-F]{40}) .* 200 ", line)
        if found and found[1].decode().lower() not in bad:
            safe.add(found[1])
    assert len(safe) >= 1


def test_the_attacker_lends_the_fee_to_wallets_without_ether(sample: Made) -> None:
    """Ether comes from the funder, and the tokens go."""
    (funder,) = sample.answer["attackers"]["funder"]
    funded = {to for _, token, sender, to, _ in sample.moves if sender == funder and token == NATIVE}
    robbed = set(sample.truth.filter("harmed")["address"])
    assert funded
    assert funded <= robbed


def test_uninvolved_wallets_touch_the_attacker_by_transfers_of_nothing(sample: Made) -> None:
    """Zero-value transfers to a receiving address, in the name of people who are safe."""
    sinks = set(sample.answer["attackers"]["sink"])
    safe = set(sample.truth.filter("safe")["address"])
    assert {sender for _, _, sender, to, amount in sample.moves if to in sinks and not amount} & safe


def test_an_exchange_is_paid_by_more_owners_than_any_attacker(sample: Made) -> None:
    """Whoever counts payers alone would accuse the exchange first."""
    payers = Counter(to for to, _ in {(to, sender) for _, _, sender, to, amount in sample.moves if amount})
    (first, _), *_ = payers.most_common(1)
    assert first not in sample.attackers


def test_the_served_size_changes_at_t1_and_back_at_t2(sample: Made) -> None:
    """Within a minute at both ends, seen by whoever fetches the file as it is: the smallest and largest size by time."""
    sizes = sorted(
        (row["EdgeStartTimestamp"], row["EdgeResponseBodyBytes"])
        for row in map(_json, sample.lines("cdn"))
        if row and row["ClientRequestURI"].startswith("/static/app.") and row["ClientRequestURI"].endswith(".js")
        if row["EdgeResponseStatus"] == 200
        and row["ClientRequestMethod"] == "GET"
        and row["EdgeResponseBodyBytes"] > 400_000
    )
    good, bad = sizes[0][1], max(size for _, size in sizes)
    times = [time for time, size in sizes if size == bad]
    assert {size for _, size in sizes} == {good, bad}
    assert "2026-03-04T09:12:41Z" <= times[0] <= "2026-03-04T09:13:41Z"
    assert "2026-03-04T15:46:08Z" <= times[-1] < "2026-03-04T15:47:08Z"


def test_lines_are_broken_in_the_ways_of_real_logs(sample: Made) -> None:
    """Torn JSON, bytes that are no text, runs of zeros, TLS where HTTP was meant."""
    lines = list(sample.lines())
    assert sum(line.startswith(b"{") and _json(line) is None for line in lines) > 10
    assert any(line.startswith(b"\x00" * 40) for line in lines)
    assert any(b"\xff\xfe" in line or b"\xc3\x28" in line for line in lines)
    assert any(rb'"\x16\x03\x01' in line for line in lines)


def _json(line: bytes) -> dict[str, object] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
