"""Random people edit, random findings change: nothing that was typed is lost."""

import csv
import random
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from exposure.publish.sheet.columns import PEOPLE_NAMES
from exposure.publish.sheet.diff import Versions
from exposure.publish.sheet.pages import Page, wallets_page
from exposure.publish.sheet.people import merge, read_address
from exposure.publish.sheet.read import read_file
from exposure.publish.sheet.rows import build_rows
from exposure.publish.sheet.text import inert, same
from exposure.publish.sheet.twins import csv_of
from exposure.publish.sheet.xlsx import write_workbook
from exposure.tables import TABLES
from tests.publish.sheet_builder import START, edit_csv, edit_workbook, wallet

A = "0x52908400098527886e0f7030069857d2e4169ee7"
CHECKSUMMED = "0x52908400098527886E0F7030069857D2E4169EE7"


@pytest.mark.parametrize(
    "text",
    [
        A,
        CHECKSUMMED,
        A[2:],
        f"  {A.upper()}\n",
        f"\u200b{CHECKSUMMED}\u202f",
        f"https://etherscan.io/address/{CHECKSUMMED}#tokentxns",
        f"ethereum:{A}",
        f"eip155:1:{A}",
        f'"{A}"',
        f"Bob's wallet is {A}, he says {CHECKSUMMED}",
    ],
)
def test_an_address_is_found_in_what_people_paste(text: str) -> None:
    """From a wallet, an explorer, a message: one address is one address."""
    assert A == read_address(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (A[:-1], "write 0x and 40 hex digits"),
        (A + "00", "write 0x and 40 hex digits"),
        (f"{A} {'0x' + '11' * 20}", "it holds 2 addresses: write one a row"),
        ("vitalik.eth", "names are not looked up: write the address that it stands for"),
        ("", "its row holds words, but no address"),
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
            "'0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD' has a wrong checksum, so a digit was mistyped: copy it again from its source",
        ),
    ],
)
def test_what_is_no_address_is_explained(text: str, why: str) -> None:
    """Most are mistyped; a wrong checksum is not guessed right."""
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        read_address(text)


NO_README = Page("readme", (), pl.DataFrame())
ADDRESSES = [f"0x{number:02x}{number:038x}" for number in range(0x21, 0x29)]
JUDGED = ("verdict", "harm", "lost", "urgency", "first_exposed", "unseen_signature")
# Words that make trouble: formulas, quotes, line ends, dates, numbers, right-to-left, emoji, controls, escapes.
WORDS = st.one_of(
    st.sampled_from(
        ["", "=1+1", "@x", "-2", "+3", "007", "1e5", "2026-03-04", "3/4/2026", "drained", "no", "a,b;c", "a\nb"]
    ),
    st.text(st.sampled_from("ab ,;\"'=+-@\t\n\u05d0\u202e\u200d😀\\x7_&<>0.é"), max_size=12),
)
EDIT = st.tuples(
    st.sampled_from(ADDRESSES), st.sampled_from([*PEOPLE_NAMES, *JUDGED]), WORDS.filter(lambda text: text[:1] != "'")
)
FINDING = st.fixed_dictionaries(
    {
        "verdict": st.sampled_from(["compromised", "exposed", "no_sign"]),
        "urgency": st.sampled_from([0.0, 0.125, 1234.5678, 1e9]),
        "harm": st.sampled_from(["drained", "none"]),
        "lost": st.sampled_from([None, "=1 ETH", "1.5 ETH"]),
        "unseen_signature": st.booleans(),
    }
)
FINDINGS = st.dictionaries(st.sampled_from(ADDRESSES), FINDING, max_size=8)
# In which file, in how old a copy of it, what is typed, how rows and columns are turned about, what the tool finds next.
ROUND = st.tuples(
    st.sampled_from([".csv", ".csv", ".csv", ".xlsx"]),
    st.integers(0, 3),
    st.lists(EDIT, max_size=6),
    st.none() | st.integers(0, 99),
    FINDINGS,
)
WAYS = {"csv": ".csv", "csv turned about": ".csv", "workbook": ".xlsx"}
Round = tuple[str, int, list[tuple[str, str, str]], int | None, dict[str, dict[str, Any]]]


class WarRoom:
    """A sheet that people and the tool write in turn, and what people have typed into it so far."""

    def __init__(self, folder: Path, findings: dict[str, dict[str, Any]]) -> None:
        self.folder = folder
        self.people = TABLES["people"].empty()
        self.typed: dict[tuple[str, str], str] = {}
        self.versions: dict[str, pl.DataFrame] = {}
        self.copies: list[tuple[Path, pl.DataFrame, Page]] = []
        self.find(findings)

    def find(self, findings: dict[str, dict[str, Any]]) -> None:
        """Let the tool find something else, and write the sheet."""
        wallets = TABLES["wallets"].frame([wallet(address, **row) for address, row in findings.items()])
        rows = build_rows(wallets, self.people, [], self.merged().newest())
        self.versions.pop(rows.digest, None)  # the newest comes last
        self.versions[rows.digest] = rows.written
        page = wallets_page(rows, "")
        stem = self.folder / f"{len(self.copies)}"
        stem.with_suffix(".csv").write_bytes(csv_of(page, rows.written))
        self.copies.append((stem, wallets, page))

    def merged(self) -> Versions:
        """Give what was written so far."""
        return Versions(self.versions, next(reversed(self.versions), None))

    def copy(self, suffix: str, stem: Path, page: Page) -> Path:
        """Put a copy in the place of the file that people work in."""
        path, source = self.folder / f"affected{suffix}", stem.with_suffix(suffix)
        if suffix == ".xlsx" and not source.exists():
            write_workbook(source, [page], lambda _: NO_README, title="x", mark="x", created=START)
        shutil.copy(source, path)
        return path

    def type(self, suffix: str, age: int, edits: list[tuple[str, str, str]], turned: int | None) -> None:
        """Let a person type into a copy of some age, each cell once, turn it about, and save it over the newest."""
        stem, wallets, page = self.copies[max(0, len(self.copies) - 1 - age)]
        shown, tool = shown_in(stem), {row["address"]: row for row in as_text(wallets).to_dicts()}
        cells: dict[bool, dict[str, dict[str, Any]]] = {True: {}, False: {}}
        for (address, column), text in {(address, column): text for address, column, text in edits}.items():
            if age and not text.strip():
                continue  # who clears an old copy does not clear what others typed since
            cells[address in shown].setdefault(address, {})[column] = text
            if same(type_of(column), shown.get(address, {}).get(column, ""), text):
                continue
            self.typed[address, column] = text
            if column in JUDGED and same(type_of(column), tool.get(address, {}).get(column, ""), text):
                del self.typed[address, column]
        path = self.copy(suffix, stem, page)
        edit = edit_csv if suffix == ".csv" else edit_workbook
        edit(path, cells[True], added=[{"address": address, **row} for address, row in cells[False].items()])
        if turned is not None and suffix == ".csv":
            turn(path, turned)
        once = merge(self.people, read_file(path), self.merged()).people
        assert once.equals(merge(once, read_file(path), self.merged()).people)
        self.people = once


def turn(path: Path, seed: int) -> None:
    """Put rows and columns into another order, and words above the headers, as people do."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    dice = random.Random(seed)
    order = dice.sample(range(len(rows[0])), len(rows[0]))
    below = dice.sample(rows[1:], len(rows) - 1)
    above = [["do not share"], []] if seed % 2 else []
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*above, *([row[place] for place in order] for row in (rows[0], *below))])


def shown_in(stem: Path) -> dict[str, dict[str, str]]:
    """Give what the CSV shows, by address."""
    (sheet,) = read_file(stem.with_suffix(".csv"))
    return {row["address"].lower(): row for row in sheet.rows.fill_null("").to_dicts()}


def type_of(column: str) -> pl.DataType:
    """Give the type in which the tool's cell is compared."""
    return TABLES["wallets"].schema.get(column, pl.String())


def as_text(wallets: pl.DataFrame) -> pl.DataFrame:
    """Give the tool's cells as the sheet shows them."""
    return wallets.with_columns(pl.col("first_exposed").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).select(
        "address", pl.col(JUDGED).cast(pl.String).fill_null("")
    )


# Four kinds of people, 63 times four rounds each: 1,008 rounds. Shrinking writes files for minutes: the failing example is
# small enough to read as it is.
@pytest.mark.parametrize("way", ["csv", "csv turned about", "workbook", "everyone"])
@settings(
    max_examples=63,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(FINDINGS, st.lists(ROUND, min_size=4, max_size=4))
def test_nothing_that_people_typed_is_lost(way: str, findings: dict[str, dict[str, Any]], rounds: list[Round]) -> None:
    """After any edits in any copy of any file, and any change of findings, every word stands where it was typed.

    Where two people typed into the same cell of different copies, one of them finds their words in the note.
    """
    with tempfile.TemporaryDirectory() as folder:
        room = WarRoom(Path(folder), findings)
        for suffix, age, edits, turned, found in rounds:
            if way == "everyone":
                room.type(suffix, age, edits, turned)
            else:
                room.type(WAYS[way], age, edits, len(edits) + age if way == "csv turned about" else None)
            room.find(found)
            shown = shown_in(room.copies[-1][0])
            for (address, column), text in room.typed.items():
                if not text.strip() and address not in shown:
                    continue  # it was cleared, and nobody typed anything else about this wallet
                cell, note = shown[address][column], shown[address]["note"]
                words = inert(text, typed=True).strip()
                beside = words if column == "note" else f"[{column} was also typed as: {words}]"
                assert same(pl.String(), text, cell) or beside in note
