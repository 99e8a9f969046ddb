"""What is handed over: to each only what they need, exact, inert, and nothing of visitors."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import polars as pl

from exposure.amounts import NATIVE
from exposure.case import Case
from exposure.incident import Incident
from exposure.publish.facts import gather
from exposure.publish.handoff.write import FACT_READS, READS, make_files, write_handoff
from exposure.publish.sheet.text import checksum
from exposure.tables import TABLES
from tests.publish.sheet_builder import (
    DRAINED,
    EXPOSED,
    MOVED,
    PARTLY,
    POSSIBLE,
    QUIET,
    SAVEABLE,
    SINK,
    SPENDER,
    START,
    USDC,
    make_case,
)

DEPOSIT = "0x" + "de" * 20
ROUTER = "0x" + "77" * 20
FAKE = "0x" + "fa" * 20


def moved(number: int, hours: float, who: str, to: str, token: str, value: str, **more: object) -> dict[str, object]:
    """Give one row of transfers, sent by its owner."""
    native = token == NATIVE
    row = {
        "chain_id": 1,
        "block_number": number,
        "block_hash": "0xb",
        "timestamp": START + timedelta(hours=hours),
        "transaction_index": 0,
        "transaction_hash": f"0x{number:064x}",
        "log_index": None if native else number,
        "standard": "native" if native else "erc20",
        "token_address": token,
        "from_address": who,
        "to_address": to,
        "value": value,
        "value_f64": int(value) / (10**18 if native else 10**6),
        "transaction_from": who,
    }
    return row | more


TRANSFERS = [
    moved(1, 1, DRAINED, SINK, NATIVE, "12000000000000000001"),
    moved(2, 2, PARTLY, SINK, NATIVE, "1500000000000000000"),
    moved(3, 3, PARTLY, SPENDER, USDC, "70000000", transaction_from=SPENDER),
    moved(4, 5, SINK, DEPOSIT, NATIVE, "13000000000000000001"),
    moved(5, 6, SPENDER, DEPOSIT, USDC, "20000000"),
    # none of these: before the theft, dust, a victim's gas, a token that was not stolen, sent in the attacker's name, among themselves
    moved(6, -50, SINK, DEPOSIT, NATIVE, "1000000000000000000"),
    moved(7, 6, SINK, DEPOSIT, NATIVE, "1000"),
    moved(8, 6, SINK, EXPOSED, NATIVE, "10000000000000000"),
    moved(9, 6, SINK, DEPOSIT, FAKE, "5000000"),
    moved(10, 6, SPENDER, "0x" + "66" * 20, USDC, "5000000", transaction_from=QUIET),
    moved(11, 7, SINK, SPENDER, NATIVE, "100000000000000000"),
]  # fmt: skip


def case_of(folder: Path, **changed: pl.DataFrame) -> tuple[Case, Incident]:
    """Give the sheet's small case with what the attacker did with the loot, and what people noted."""
    people = TABLES["people"].frame(
        [{"address": EXPOSED, "status": "Saved", "note": "called Alice at home", "assigned_to": "bob"}]
    )
    return make_case(folder, **{"transfers": TABLES["transfers"].frame(TRANSFERS), "people": people} | changed)


def files_of(case: Case, incident: Incident) -> dict[str, str]:
    """Make the files."""
    tables = {name: case.read(name) for name in (*READS, *FACT_READS)}
    return make_files(tables, incident, gather(tables, incident, case.now()))


def rows(text: str) -> list[dict[str, str]]:
    """Read a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_exchanges_get_deposits_and_nothing_else(tmp_path: Path) -> None:
    """Where the loot went: address, transaction, asset, exact amount, UTC; neither dust nor victims nor what came before."""
    found = rows(files_of(*case_of(tmp_path))["exchanges.TLP-AMBER.csv"])
    assert [
        (
            checksum(DEPOSIT),
            f"0x{4:064x}",
            "ETH",
            "",
            "13.000000000000000001 ETH",
            "13000000000000000001",
            "2026-03-04T14:12:31Z",
        ),
        (checksum(DEPOSIT), f"0x{5:064x}", "USDC", checksum(USDC), "20 USDC", "20000000", "2026-03-04T15:12:31Z"),
    ] == [tuple(row[name] for name in list(row)[1:8]) for row in found]
    assert ["attacker, confirmed by the team", "attacker by the data, not confirmed by a person"] == [
        row["sender"] for row in found
    ]


def test_what_went_straight_to_an_unknown_address_is_told_without_the_victim(tmp_path: Path) -> None:
    """Thieves split what they take, and the operator's share may go straight to an exchange: who got it counts, not who moved it."""
    split = moved(3, 3, PARTLY, DEPOSIT, USDC, "70000000", transaction_from=SPENDER, log_index=4)
    files = files_of(*case_of(tmp_path, transfers=TABLES["transfers"].frame([*TRANSFERS[:2], split])))
    found = rows(files["exchanges.TLP-AMBER.csv"])
    assert [(checksum(DEPOSIT), "70 USDC", "", "taken from a victim, straight to this address")] == [
        (row["deposit_address"], row["amount"], row["sent_by"], row["sender"]) for row in found
    ]
    assert checksum(PARTLY) not in files["exchanges.TLP-AMBER.csv"]
    assert checksum(DEPOSIT) == rows(files["seal911-funds.TLP-AMBER.csv"])[2]["Destination"]


def test_an_issuer_gets_its_own_token_only(tmp_path: Path) -> None:
    """What the attacker's addresses hold of it, as far as was read: what came in less what went out."""
    files = files_of(*case_of(tmp_path))
    found = rows(files["token-issuers-circle.TLP-AMBER.csv"])
    assert [(checksum(USDC), checksum(SPENDER), "45 USDC", "45000000")] == [
        (row["token_contract"], row["holder"], row["amount"], row["amount_base_units"]) for row in found
    ]
    assert ["token-issuers-circle.TLP-AMBER.csv"] == [name for name in files if name.startswith("token-issuers")]


def test_makers_of_wallets_get_addresses_and_what_to_say(tmp_path: Path) -> None:
    """Who must act, by address: no amounts, no chances, nobody who only may be affected."""
    found = rows(files_of(*case_of(tmp_path))["wallet-vendors.TLP-AMBER.csv"])
    acting = sorted((SAVEABLE, DRAINED, PARTLY, EXPOSED, MOVED))
    assert [checksum(address) for address in acting] == [row["address"] for row in found]
    assert ["address", "tell_its_owner"] == list(found[0])


def test_a_blocklist_holds_what_a_person_confirmed(tmp_path: Path) -> None:
    """Neither what the data alone suspects nor what unharmed wallets use as well; our site only while others hold it."""
    case, incident = case_of(tmp_path)
    assert [("sink", checksum(SINK))] == [
        (row["kind"], row["value"])
        for row in rows(files_of(case, incident)["blocklist.TLP-CLEAR.csv"])
        if row["kind"] != "domain"
    ]
    domains = {
        control: [
            row["value"]
            for row in rows(files_of(case, incident.model_copy(update={"control": control}))["blocklist.TLP-CLEAR.csv"])
            if row["kind"] == "domain"
        ]
        for control in ("lost", "regained")
    }
    assert {"lost": ["examplewallet.com"], "regained": []} == domains


def test_what_unharmed_wallets_use_is_handed_to_nobody(tmp_path: Path) -> None:
    """An exchange that was named as attacker by mistake is in no list to block or freeze."""
    tested = TABLES["sinks"].frame(
        [{"chain_id": 1, "address": SINK, "role": "sink", "known": True, "controls": 40, "verdict": "ordinary"}]
    )
    files = files_of(*case_of(tmp_path, sinks=tested))
    assert "blocklist" not in " ".join(name for name, text in files.items() if checksum(SINK) in text)
    assert checksum(SINK) not in "".join(
        text for name, text in files.items() if name.startswith(("exchanges", "token", "blocklist"))
    )


def test_seal_911_gets_its_own_columns(tmp_path: Path) -> None:
    """Address, Status, Notes in its words, the team's status before the tool's; funds' movements; a filled summary."""
    files = files_of(*case_of(tmp_path))
    found = {row["Address"].lower(): row["Status"] for row in rows(files["seal911-addresses.TLP-AMBER.csv"])}
    assert {SAVEABLE: "At Risk", DRAINED: "Impacted", PARTLY: "Impacted", EXPOSED: "Saved", MOVED: "Uncertain"} == found
    funds = rows(files["seal911-funds.TLP-AMBER.csv"])
    assert ["Origin", "Tx", "Amount", "Destination", "Recovery Status", "Notes"] == list(funds[0])
    assert (checksum(DRAINED), "12.000000000000000001 ETH", checksum(SINK)) == (
        funds[0]["Origin"],
        funds[0]["Amount"],
        funds[0]["Destination"],
    )
    assert "ethereum, 2026-03-04 14:12:31 UTC; sent on by the attacker" == funds[3]["Notes"]
    summary = files["seal911.TLP-AMBER.md"]
    for told in (
        "examplewallet[.]com",
        "entered your recovery phrase",
        checksum(SINK),
        "TLP:AMBER",
        "Contact: support(at)example[.]org",
    ):
        assert told in summary


def test_nothing_of_visitors_or_notes_is_handed_over(tmp_path: Path) -> None:
    """No client, session, line of a log, note, name of a colleague, chance, or what is left to take, in any file."""
    files = files_of(*case_of(tmp_path))
    everything = "\n".join(files.values())
    for secret in (
        "c0ffee0123456789",
        "log:",
        "ab12cd34",
        "Alice",
        "bob",
        "0.97",
        "0.93",
        "55.2",
        "40,000",
        "deploy log 4711",
    ):
        assert secret not in everything, secret
    for address in (POSSIBLE, QUIET):
        assert checksum(address) not in everything


def test_hostile_names_are_inert(tmp_path: Path) -> None:
    """A token's symbol, a chain's name and a title run nothing in a spreadsheet and write nothing into Markdown."""
    tokens = TABLES["tokens"].frame(
        [
            {
                "chain_id": 1,
                "token_address": USDC,
                "standard": "erc20",
                "symbol": "=HYPERLINK(1)\u202e\x1b[2J",
                "decimals": 6,
            }
        ]
    )
    case, incident = case_of(tmp_path, tokens=tokens)
    hostile = incident.model_copy(
        update={
            "title": "[x](http://evil.example) \x1b[2J",
            "chains": (incident.chains[0].model_copy(update={"name": "=cmd|x"}),),
        }
    )
    files = files_of(case, hostile)
    for name, text in files.items():
        assert "\x1b" not in text
        assert "\u202e" not in text
        if name.endswith(".csv"):
            assert not [
                cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith(("=", "@", "+", "-"))
            ]
    assert "http://evil.example" not in files["seal911.TLP-AMBER.md"]


def test_the_folder_holds_what_is_true_now(tmp_path: Path) -> None:
    """Files of an earlier run of which nothing is left go; what people put there stays; nobody else may read it."""
    case, incident = case_of(tmp_path)
    figures = write_handoff(case, incident)
    folder = tmp_path / "handoff"
    (folder / "sent-to-exchange.eml").write_text("x")
    assert (0o700, 0o600) == (folder.stat().st_mode & 0o777, (folder / "README.md").stat().st_mode & 0o777)
    assert (2, []) == (figures["exchanges"], figures["problems"])
    assert "Nothing was sent" in (folder / "README.md").read_text()
    case.write("transfers", TABLES["transfers"].empty())
    write_handoff(case, incident)
    assert "exchanges.TLP-AMBER.csv" not in {path.name for path in folder.iterdir()}
    assert (folder / "sent-to-exchange.eml").exists()
    assert "- exchanges: nothing to hand over yet." in (folder / "README.md").read_text()


def test_a_case_of_which_nothing_is_known_yet_hands_over_a_summary(tmp_path: Path) -> None:
    """Before any step has run."""
    case, incident = Case(tmp_path), make_case(tmp_path / "other")[1]
    files = files_of(case, incident)
    assert "0 compromised" in files["seal911.TLP-AMBER.md"]
    assert "exchanges.TLP-AMBER.csv" not in files
    assert ROUTER not in "".join(files.values())
