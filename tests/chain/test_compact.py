"""Parts that were pulled block by block become few, and hold the same."""

from pathlib import Path

import polars as pl

from exposure.case import Case
from exposure.chain.compact import DEEP, MANY, compact
from exposure.chain.parts import Facts, Parts
from exposure.console import Silent
from exposure.drill.anvil import Anvil
from tests.chain.village import HASTY, STAGES, incident
from tests.chain.village import tables as tables_of
from tests.drill.playground import ETHER, Chain


def test_a_chain_that_was_pulled_block_by_block_is_read_from_few_files(fresh_anvil: Anvil, tmp_path: Path) -> None:
    """Forty pulls, one after each payment, and then so many blocks that they lie deep: fewer files, the same tables, no call more."""
    from datetime import UTC, datetime

    from exposure.chain.pull import Wanted, pin, pull
    from exposure.tables import TABLES

    chain = Chain(fresh_anvil)
    told = incident(tmp_path, fresh_anvil.url)
    case, victim = Case(tmp_path), chain.web3.eth.accounts[7]
    role: list[dict[str, object]] = [
        {"address": chain.sink.lower(), "role": "sink", "origin": "config", "confirmed": True, "exclusive": True}
    ]

    def look() -> int:
        now = datetime(2100, 1, 1, tzinfo=UTC)
        pin(told, case, Silent(), now, refresh=True, head="latest", patience=HASTY)
        start = datetime.fromtimestamp(chain.web3.eth.get_block(0)["timestamp"], UTC)
        asked = TABLES["candidates"].frame([{"address": victim.lower(), "reason": "log"}])
        wanted = Wanted(asked, TABLES["attackers"].frame(role), start, now)
        return sum(int(str(pull(told, case, wanted, stage, Silent(), patience=HASTY)["calls"])) for stage in STAGES)

    for _ in range(MANY + 4):
        chain.pay(victim, chain.sink, ETHER // 100)
        look()
    fresh_anvil.call("anvil_mine", hex(DEEP + 1))
    look()
    parts = Parts(case.chain / "31337")
    before, many = tables_of(tmp_path), len(parts.logs()) + len(parts.blocks())
    fewer = compact(parts, chain.web3.eth.block_number)
    assert fewer >= MANY - 1
    assert many - fewer == len(parts.logs()) + len(parts.blocks())
    assert 0 == compact(parts, chain.web3.eth.block_number)
    calls = look()
    after = tables_of(tmp_path)
    assert [] == [name for name in before if not before[name].equals(after[name])]
    assert calls < 12


def test_facts_that_are_flushed_again_and_again_lie_in_few_files(tmp_path: Path) -> None:
    """A watch flushes a header every block."""
    schema = pl.Schema({"key": pl.String, "value": pl.Int64})
    for number in range(70):
        facts = Facts(tmp_path, schema, "key")
        facts.add({"key": f"{number % 50}", "value": number})
        facts.flush()
    assert len(list(tmp_path.glob("*.parquet"))) <= 33
    kept = Facts(tmp_path, schema, "key").frame()
    assert {f"{key}": key + 50 if key < 20 else key for key in range(50)} == dict(kept.iter_rows())
