"""The workbook is inert, says what did not fit into it, and helps people to work in it."""

import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from exposure.amounts import NATIVE
from exposure.publish.sheet.keep import write_sheet
from exposure.publish.sheet.pages import Page
from exposure.publish.sheet.xlsx import Limits, write_workbook
from exposure.tables import TABLES, Column
from tests.publish.sheet_builder import (
    DRAINED,
    PARTLY,
    SAVEABLE,
    SINK,
    START,
    USDC,
    cells,
    edit_workbook,
    make_case,
    open_workbook,
    tables,
    wallets,
)

HOSTILE = '=HYPERLINK("http://evil.example","free\u202e")\x07'
SHOWN = '=HYPERLINK("http://evil.example","free\\u202e")\\x07'


def small(path: Path, frame: pl.DataFrame, limits: Limits, **more: object) -> list[str]:
    """Write one page with a column `address` and a column `text`; gives the remarks that the readme shows."""
    columns = (Column("address", pl.String, "An address"), Column("text", pl.String, "A text"))
    page = Page("wallets", columns, frame, **more)  # type: ignore[arg-type]
    shown: list[str] = []

    def readme(remarks: Sequence[str]) -> Page:
        shown.extend(remarks)
        return Page(
            "readme",
            columns,
            pl.DataFrame({"about": remarks, "text": remarks}, schema=dict.fromkeys(("about", "text"), pl.String)),
        )

    created = datetime(2026, 3, 6, tzinfo=UTC)
    assert shown == write_workbook(path, [page], readme, title="t", mark="TLP:AMBER", created=created, limits=limits)
    return shown


def xml_of(path: Path) -> str:
    """Give everything inside a workbook as one text."""
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode("utf-8") for name in archive.namelist() if not name.endswith(".png"))


def test_hostile_text_from_logs_and_tokens_is_inert_in_all_three_files(tmp_path: Path) -> None:
    """No formula, no link, no control character: in the workbook, in the CSV; Parquet holds the exact text."""
    changed = [row | {"not_covered": HOSTILE, "lost": "@SUM(1) http://evil.example"} for row in wallets()]
    tokens = tables()["tokens"].with_columns(
        pl.when(pl.col("token_address") == USDC).then(pl.lit(HOSTILE)).otherwise("symbol").alias("symbol")
    )
    case, incident = make_case(tmp_path, wallets=TABLES["wallets"].frame(changed), tokens=tokens)
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {SAVEABLE: {"note": "-1+cmd|' /C calc'!A0"}})
    write_sheet(case, incident)
    xml = xml_of(case.sheet / "affected.xlsx")
    assert [0, 0, 0] == [xml.count(sign) for sign in ("<f>", "\u202e", 'Target="http://evil')]
    assert SHOWN == cells(case.sheet / "affected.xlsx")[DRAINED]["not_covered"]
    lines = (case.sheet / "affected.csv").read_text(encoding="utf-8-sig")
    assert [True, True, False] == ["'-1+cmd" in lines, "'@SUM" in lines, "\u202e" in lines]
    assert "'" + SHOWN.replace('"', '""') in lines
    exact = pl.read_parquet(case.sheet / "affected.parquet").filter(pl.col("address") == SAVEABLE)
    assert (HOSTILE, "-1+cmd|' /C calc'!A0") == exact.select("not_covered", "note").row(0)


def test_the_only_links_lead_to_the_explorer_and_to_the_approval_checker(tmp_path: Path) -> None:
    """An address and a transaction open where anyone can check them, live approvals where they are revoked; nothing else."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    book = open_workbook(case.sheet / "affected.xlsx")
    links = {cell.hyperlink.target for sheet in book for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    bases = {link.rpartition("/")[0] for link in links}
    assert {"https://etherscan.io/address", "https://etherscan.io/tx", "https://revoke.cash/address"} == bases
    checked = {cell.value: cell.hyperlink.target for cell in book["wallets"]["O"] if cell.hyperlink}
    assert {1: f"https://revoke.cash/address/{PARTLY}?chainId=1"} == checked


def test_times_are_times_and_their_headers_say_utc(tmp_path: Path) -> None:
    """People sort and filter by them, and nobody has to guess the zone."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    shown = cells(case.sheet / "affected.xlsx")[DRAINED]
    assert START.replace(tzinfo=None) == shown["first_exposed (UTC)"]


def test_amounts_are_exact_text(tmp_path: Path) -> None:
    """Excel would round a wei away."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    assert "12.000000000000000001 ETH" == cells(case.sheet / "affected.xlsx")[DRAINED]["lost"]
    assert "13.500000000000000001 ETH" == cells(case.sheet / "affected.xlsx", "attackers")[SINK]["taken"]


def test_people_find_their_columns_frozen_headers_filters_and_words_to_choose(tmp_path: Path) -> None:
    """What a column means stands at its header; the war room's words are offered, also in empty rows below."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    sheet = open_workbook(case.sheet / "affected.xlsx")["wallets"]
    headers = {cell.value: cell for cell in sheet[1]}
    assert ("B2", "A1:Z8") == (sheet.freeze_panes, sheet.auto_filter.ref)
    assert (
        "Yours. Status in the war room's words. Choose: At Risk, Impacted, Paused, Saved, Needs Review, Uncertain"
        == headers["status"].comment.text
    )
    assert "What is left to save, exact, per token (whole tokens)" == headers["at_risk"].comment.text
    assert [True, False] == [headers[name].fill.fgColor.rgb == "FFFFE9A8" for name in ("status", "verdict")]
    rules = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    column = headers["status"].column_letter
    assert '"At Risk,Impacted,Paused,Saved,Needs Review,Uncertain"' == rules[f"{column}2:{column}1008"]


def test_the_timeline_tells_facts_windows_exposures_and_losses_in_order(tmp_path: Path) -> None:
    """One page tells what happened, each line with where it stands."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    rows = list(open_workbook(case.sheet / "affected.xlsx")["timeline"].iter_rows(min_row=2, values_only=True))
    assert ["fact", "window", *["exposure"] * 5, "loss", "window", "loss", "loss"] == [row[1] for row in rows]
    assert ("first_bad, by deploy log 4711", "incident.toml") == (rows[0][3], rows[0][7])
    assert ("entered your recovery phrase (direct)", "log:ab12cd34:4711") == (rows[2][3], rows[2][7])
    assert ("lost 70 USDC", f"tx:1:0x{3:064x}:4") == (rows[-1][3], rows[-1][7])


def test_the_readme_says_what_everything_means(tmp_path: Path) -> None:
    """Verdicts, evidence codes, columns, limits, the digest and who may see it: in the file itself, since files travel."""
    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    rows = dict(open_workbook(case.sheet / "affected.xlsx")["readme"].iter_rows(values_only=True))
    assert "TLP:AMBER+STRICT (team)" == rows["who may see it"]
    assert "block 24,571,003, 0x" + "ab" * 32 == rows["head of ethereum"]
    assert {"compromised", "no_sign", "A1", "N4", "urgency", "note", "sheet_version", "logs"} <= set(rows)
    assert {"no_sign": "Seen, well covered, and nothing points to the incident. It is never called safe."}[
        "no_sign"
    ] == rows["no_sign"]


def test_more_rows_than_a_sheet_holds_are_said(tmp_path: Path) -> None:
    """Nothing is cut silently."""
    frame = pl.DataFrame({"address": ["a", "b", "c"], "text": [None, None, "x"]}, schema_overrides={"text": pl.String})
    remarks = small(tmp_path / "a.xlsx", frame, Limits(rows=3))
    remark = (
        "page wallets shows the first 2 of 3 rows: a sheet holds no more; affected.csv, affected.parquet and the tables in "
        "data/ hold all"
    )
    assert [remark] == remarks
    assert ["a", "b"] == list(cells(tmp_path / "a.xlsx"))


def test_more_links_than_a_sheet_holds_are_plain_text_and_said(tmp_path: Path) -> None:
    """The first, which are the most urgent, stay links."""
    frame = pl.DataFrame({"address": ["a", "b", "c"], "text": ["x", "y", "z"]})
    links = {"address": pl.Series([f"https://e.example/{name}" for name in "abc"])}
    remarks = small(tmp_path / "a.xlsx", frame, Limits(links=2), links=links)
    remark = (
        "page wallets: the first 2 of 3 addresses and hashes are links to the explorer, the others plain text: Excel holds "
        "65,530 a sheet, and LibreOffice takes minutes to save that many"
    )
    assert [remark] == remarks
    sheet = open_workbook(tmp_path / "a.xlsx")["wallets"]
    assert [("a", True), ("b", True), ("c", False)] == [
        (sheet.cell(row, 1).value, sheet.cell(row, 1).hyperlink is not None) for row in (2, 3, 4)
    ]


def test_a_text_longer_than_a_cell_is_cut_and_said(tmp_path: Path) -> None:
    """Excel would call the file damaged."""
    frame = pl.DataFrame({"address": ["a"], "text": ["x" * 300]})
    remarks = small(tmp_path / "a.xlsx", frame, Limits(characters=200))
    remark = (
        "page wallets: texts longer than the 200 characters of a cell: 1; they are cut and say so; affected.csv, "
        "affected.parquet and the tables in data/ hold all"
    )
    assert [remark] == remarks
    text = str(cells(tmp_path / "a.xlsx")["a"]["text"])
    assert (200, True) == (
        len(text),
        text.endswith("300 characters are too many for Excel; whole in affected.csv and affected.parquet]"),
    )


def test_a_note_longer_than_a_cell_is_not_lost_by_being_shown_cut(tmp_path: Path) -> None:
    """It came through the CSV; the workbook shows its beginning, and saving the workbook does not shorten it."""
    from exposure.publish.sheet.keep import read_people
    from tests.publish.sheet_builder import edit_csv

    case, incident = make_case(tmp_path)
    write_sheet(case, incident)
    edit_csv(case.sheet / "affected.csv", {SAVEABLE: {"note": "y" * 40_000}})
    write_sheet(case, incident)
    edit_workbook(case.sheet / "affected.xlsx", {DRAINED: {"note": "other"}})
    write_sheet(case, incident)
    assert ["y" * 40_000, "other"] == read_people(case)[0].sort("address").get_column("note").to_list()


def test_native_tokens_that_no_table_knows_are_named(tmp_path: Path) -> None:
    """A loss of the native asset is shown in whole tokens though no token table was pulled."""
    case, incident = make_case(tmp_path, tokens=TABLES["tokens"].empty())
    write_sheet(case, incident)
    rows = list(open_workbook(case.sheet / "affected.xlsx")["timeline"].iter_rows(min_row=2, values_only=True))
    lost = [row[3] for row in rows if row[1] == "loss"]
    assert ["lost 12.000000000000000001 native", "lost 1.5 native", f"lost 70000000 base units of {USDC}"] == lost
    assert NATIVE not in "".join(lost)
