"""A small case whose tables look like those of a real incident, for tests of the sheet and of the queries."""

import csv
import re
import warnings
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl

from exposure.case import Case
from exposure.incident import Action, Advice, Chain, Fact, Incident
from exposure.tables import TABLES

START = datetime(2026, 3, 4, 9, 12, 31, tzinfo=UTC)
SINK, SPENDER = "0x" + "51" * 20, "0x" + "5b" * 20
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
# One wallet of each kind, in the order of the sheet.
SAVEABLE, DRAINED, PARTLY, EXPOSED, MOVED, POSSIBLE, QUIET = (
    "0x" + f"{number:02x}" * 2 + f"{number:036x}" for number in (0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x17)
)


def wallet(address: str, verdict: str = "no_sign", urgency: float = 0.0, **known: object) -> dict[str, object]:
    """Give one row of `wallets` with plausible values for what is not said."""
    row: dict[str, object] = {
        "address": address,
        "kind": "eoa",
        "verdict": verdict,
        "p_exposed": 0.01,
        "p_harmed": 0.01,
        "harm": "none",
        "link_to_incident": "logged",
        "actions": "opened_wallet",
        "live_approvals": 0,
        "unseen_signature": False,
        "covered": "logs, tokens, native, state",
        "not_covered": "internal ETH: not visible without traces",
        "urgency": urgency,
    }
    return row | known


def wallets() -> list[dict[str, object]]:
    """Give one wallet of each kind."""
    did = {"actions": "entered_seed_phrase", "first_exposed": START, "last_exposed": START + timedelta(minutes=3)}
    new_phrase = "move everything to a wallet with a new recovery phrase"
    return [
        wallet(QUIET),
        wallet(POSSIBLE, "possible", 3.1, p_exposed=0.31, harm="not_known"),
        wallet(MOVED, "exposed", 0.0, **did, p_exposed=0.93, harm="moved_unconfirmed", remedy=new_phrase),
        wallet(EXPOSED, "exposed", 410.25, **did, p_exposed=0.9312345, harm="at_risk", at_risk="0.44 ETH", remedy=new_phrase),
        wallet(PARTLY, "compromised", 950.0, **did, p_exposed=1.0, p_harmed=0.999, harm="partly_drained", lost="1.5 ETH",
               at_risk="200 USDC", live_approvals=1, remedy=new_phrase),
        wallet(DRAINED, "compromised", 950.0, **did, p_exposed=1.0, p_harmed=0.999, harm="drained", lost="12.000000000000000001 ETH"),
        wallet(SAVEABLE, "exposed", 125_000.5, **did, p_exposed=0.97, harm="at_risk", at_risk="55.2 ETH; 40,000 USDC",
               unseen_signature=True, remedy=new_phrase),
    ]  # fmt: skip


def loss(address: str, number: int, amount: str, token: str = "0x" + "e" * 40, **known: object) -> dict[str, object]:
    """Give one row of `losses`; `number` makes its transaction."""
    decimals = 6 if token == USDC else 18
    return {
        "address": address,
        "chain_id": 1,
        "token": token,
        "amount": amount,
        "amount_f64": int(amount) / 10**decimals,
        "attacker": SINK,
        "transaction_hash": f"0x{number:064x}",
        "time": START + timedelta(hours=number),
    } | known


def tables() -> dict[str, pl.DataFrame]:
    """Give the tables of a small incident."""
    seen = [
        {"address": address, "time": START, "link": "direct", "strength": 0.98, "client": "c0ffee0123456789",
         "session": "c0ffee0123456789-1", "action": "entered_seed_phrase", "ref": f"log:ab12cd34:{line}"}
        for line, address in enumerate((SAVEABLE, DRAINED, PARTLY, EXPOSED, MOVED), 4711)
    ]  # fmt: skip
    eth = "0x" + "e" * 40
    return {
        "wallets": TABLES["wallets"].frame(wallets()),
        "sightings": TABLES["sightings"].frame(seen),
        "evidence": TABLES["evidence"].frame([
            {"address": DRAINED, "code": "A1", "weight": 7.0, "text": "12 ETH went to a known attacker", "ref": f"tx:1:0x{1:064x}"},
            {"address": DRAINED, "code": "X1", "weight": 4.6, "text": "did entered_seed_phrase", "ref": "log:ab12cd34:4712"},
            {"address": SAVEABLE, "code": "X1", "weight": 4.6, "text": "did entered_seed_phrase", "ref": "log:ab12cd34:4711"},
        ]),
        "losses": TABLES["losses"].frame([
            loss(DRAINED, 1, "12000000000000000001"),
            loss(PARTLY, 2, "1500000000000000000"),
            loss(PARTLY, 3, "70000000", USDC, log_index=4, attacker=SPENDER),
        ]),
        "holdings": TABLES["holdings"].frame([
            {"address": SAVEABLE, "chain_id": 1, "token": eth, "amount": "55200000000000000000", "amount_f64": 55.2, "at_risk": True},
            {"address": SAVEABLE, "chain_id": 1, "token": USDC, "amount": "40000000000", "amount_f64": 40000.0, "at_risk": True},
            {"address": EXPOSED, "chain_id": 1, "token": eth, "amount": "440000000000000000", "amount_f64": 0.44, "at_risk": True},
            {"address": QUIET, "chain_id": 1, "token": eth, "amount": "1", "amount_f64": 1e-18, "at_risk": False},
        ]),
        "attackers": TABLES["attackers"].frame([
            {"address": SINK, "role": "sink", "origin": "config", "confirmed": True, "exclusive": True, "first_seen": START},
            {"address": SPENDER, "role": "spender", "origin": "discovered", "confirmed": False, "exclusive": False, "chain_id": 1},
        ]),
        "tokens": TABLES["tokens"].frame([
            {"chain_id": 1, "token_address": USDC, "standard": "erc20", "symbol": "USDC", "decimals": 6},
            {"chain_id": 1, "token_address": eth, "standard": "native", "symbol": "ETH", "decimals": 18},
        ]),
        "windows": TABLES["windows"].frame([
            {"window_id": "w1", "action": "entered_seed_phrase", "exposure": "key", "bound": bound, "method": "published",
             "estimate": START + timedelta(minutes=at), "reason": "size of /static/app.js"}
            for bound, at in (("T1", -2), ("T2", 90))
        ]),
        "coverage": TABLES["coverage"].frame([
            {"source": "ab12cd34", "layer": "lines", "first": START - timedelta(days=1), "last": START + timedelta(days=1),
             "lines": 9204, "parsed": 9201, "kept": 311, "rejected": 3, "duplicates": 0, "gaps": 1, "note": "12 minutes without a line"},
        ]),
    }  # fmt: skip


def incident(folder: Path) -> Incident:
    """Give the incident of that case."""
    return Incident(
        folder=folder,
        name="examplewallet-2026-03",
        title="Malicious script on examplewallet.com",
        site=("examplewallet.com",),
        vector="script",
        facts=(Fact(kind="first_bad", time=START - timedelta(minutes=2), source="deploy log 4711"),),
        actions=(
            Action(
                name="entered_seed_phrase",
                words="entered your recovery phrase",
                exposure="key",
                match={"method": "POST"},
            ),
            Action(name="opened_wallet", words="opened your wallet", exposure="none", match={"method": "GET"}),
        ),
        chains=(Chain(name="ethereum", id=1),),
        advice=Advice(support="support@example.org"),
    )


def make_case(folder: Path, **changed: pl.DataFrame) -> tuple[Case, Incident]:
    """Write the tables of a small incident into a case; `changed` replaces some of them."""
    case = Case(folder)
    with case.manifest() as manifest:
        manifest["as_of"] = {
            "time": "2026-03-06T12:00:00+00:00",
            "chains": {"1": {"number": 24_571_003, "hash": "0x" + "ab" * 32, "timestamp": "2026-03-06T11:59:47+00:00"}},
        }
    for name, frame in (tables() | changed).items():
        case.write(name, frame)
    return case, incident(folder)


Edits = dict[str, dict[str, object]]


def open_workbook(path: Path) -> openpyxl.Workbook:
    """Open the workbook as a person does, with openpyxl."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it drops the data bars, and says so
        return openpyxl.load_workbook(path)


def edit_workbook(path: Path, edits: Edits, *, added: list[dict[str, object]] | None = None, by: str = "") -> None:
    """Type into the workbook as a person does, with openpyxl: by address and column; `added` are new rows at the end.

    Where `by` is given, the file says that this person saved it on 2026-03-05 at 11:00 UTC.
    """
    book = open_workbook(path)
    sheet = book["wallets"]
    places = {str(cell.value).removesuffix(" (UTC)"): cell.column for cell in sheet[1]}
    rows = {str(row[0].value).lower(): row[0].row for row in sheet.iter_rows(min_row=2) if row[0].value}
    for address, cells in edits.items():
        for column, value in cells.items():
            _type(sheet.cell(rows[address], places[column]), value)
    for number, cells in enumerate(added or [], sheet.max_row + 1):
        for column, value in cells.items():
            _type(sheet.cell(number, places[column]), value)
    book.save(path)
    if by:
        _sign(path, by)


def _sign(path: Path, by: str) -> None:
    """Write who saved a workbook as Excel does; openpyxl would put the present time."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    core = parts["docProps/core.xml"].decode()
    core = re.sub(r"<cp:lastModifiedBy>.*?</cp:lastModifiedBy>", "", core)
    core = re.sub(r"(<dcterms:modified[^>]*>)[^<]*", r"\g<1>2026-03-05T11:00:00Z", core)
    parts["docProps/core.xml"] = core.replace(
        "</cp:core", f"<cp:lastModifiedBy>{by}</cp:lastModifiedBy></cp:core"
    ).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _type(cell: Any, value: object) -> None:
    cell.value = value
    if isinstance(value, str) and value:
        cell.data_type = "s"  # what a person types into a text cell is text, also where it begins with =


def edit_csv(path: Path, edits: Edits, *, added: list[dict[str, str]] | None = None) -> None:
    """Type into the CSV as Google Sheets saves it: no mark, CRLF, TRUE and FALSE, apostrophes swallowed, 950.0 as 950."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows, names = list(reader), list(reader.fieldnames or ())
    for row in rows:
        for column, value in edits.get(row["address"].lower(), {}).items():
            row[column] = str(value)
    rows += [dict.fromkeys(names, "") | cells for cells in added or []]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows([{name: _as_google_sheets(row[name]) for name in names} for row in rows])


def _as_google_sheets(cell: str) -> str:
    if cell in ("true", "false"):
        return cell.upper()
    if re.fullmatch(r"[0-9]+\.0", cell):
        return cell[:-2]
    return cell.removeprefix("'")


def cells(path: Path, page: str = "wallets") -> dict[str, dict[str, object]]:
    """Read a page of the workbook: column -> value, by address."""
    headers, *rows = open_workbook(path)[page].iter_rows(values_only=True)
    return {str(row[0]).lower(): dict(zip(map(str, headers), row, strict=True)) for row in rows}
