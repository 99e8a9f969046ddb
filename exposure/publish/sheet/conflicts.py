"""The page `conflicts`: where two people typed into the same cell, until a person has settled it. Pure.

Both texts stand in the sheet from the moment they meet: one in the cell, the other in the note, as
`[COLUMN was also typed as: TEXT]`. Whoever removes that from the note has settled it, and the row goes.
"""

import json
import re

import polars as pl

from exposure.publish.sheet.columns import JUDGED_NAMES, PEOPLE_NAMES
from exposure.publish.sheet.diff import OVERRIDES
from exposure.publish.sheet.pages import Page, address_links
from exposure.publish.sheet.rows import SheetRows
from exposure.tables import Column

_COLUMNS = (
    Column("address", pl.String, "The wallet"),
    Column("column", pl.String, "The column of the page wallets that two people typed into"),
    Column("stands", pl.String, "What stands there now"),
    Column(
        "typed_too",
        pl.String,
        "What another person typed there. To settle it: on the page wallets, type what is right into the cell, and remove "
        "the words in brackets from the note",
    ),
)
_TYPED_TOO = re.compile(r"^\[([^\n\[\]]+) was also typed as: (.*?)\]$", re.DOTALL | re.MULTILINE)


def conflicts_page(rows: SheetRows, explorer: str) -> Page | None:
    """List what two people typed into the same cell; None where nothing is left to settle."""
    found = []
    for row in rows.written.filter(pl.col("note").str.contains("was also typed as:", literal=True)).to_dicts():
        extras = json.loads(row[OVERRIDES] or "{}")
        for column, other in _TYPED_TOO.findall(row["note"]):
            stands = row[column] if column in (*PEOPLE_NAMES, *JUDGED_NAMES) else extras.get(column, "")
            found.append((row["address"], column, _one_line(stands), _one_line(other)))
    if not found:
        return None
    frame = pl.DataFrame(found, schema=dict.fromkeys((column.name for column in _COLUMNS), pl.String), orient="row")
    frame = frame.sort("address", "column", "typed_too")
    links = address_links(frame.get_column("address"), explorer)
    return Page("conflicts", _COLUMNS, frame, links, wide=("stands", "typed_too"))


def _one_line(text: str) -> str:
    return " / ".join(text.splitlines())
