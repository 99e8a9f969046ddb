"""The columns of the shared sheet: which are the tool's, which are people's, and who may see them.

Names, types and meanings come from tables.py; only what exists nowhere but in the sheet is declared here. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from exposure.publish.sheet.text import inert, unquote_csv
from exposure.tables import TABLES, Audience, Column

# The columns that a person needs to act stand first; whatever tables.py adds later follows by itself.
_FIRST = (
    "address",
    "verdict",
    "harm",
    "at_risk",
    "lost",
    "urgency",
    "remedy",
    "attention",
    "actions",
    "first_exposed",
    "last_exposed",
    "link_to_incident",
    "p_exposed",
    "p_harmed",
    "live_approvals",
    "unseen_signature",
)
ATTENTION = Column(
    "attention",
    pl.String,
    "What a person should look at: a cell where a person and the tool disagree, an address that is not one, "
    "a wallet that the tool no longer lists",
)
VERSION = Column(
    "sheet_version",
    pl.String,
    "Which version of this sheet the row was copied from: the tool needs it to tell your edits from its own. "
    "Leave it as it is; in rows that you add it stays empty",
)
_BEHIND = ("address", "added", "overrides", "overrides_by")
PEOPLE = tuple(column for column in TABLES["people"].columns if column.name not in _BEHIND)
PEOPLE_NAMES = tuple(column.name for column in PEOPLE)
# The words of SEAL's war room, so that both sheets can be pasted into each other.
CHOICES: dict[str, tuple[str, ...]] = {
    "status": ("At Risk", "Impacted", "Paused", "Saved", "Needs Review", "Uncertain"),
    "owner_confirmed": ("yes", "no"),
    "rescue": ("owner revoke", "owner move", "protocol pause", "issuer freeze", "whitehat with consent", "none"),
}
VERDICT_ORDER = ("compromised", "probable", "exposed", "possible", "no_sign")
_AUDIENCES: tuple[Audience, ...] = ("team", "partners", "public")
# TLP 2.0. The team's sheet ranks people by what is left to steal: it stays inside.
TLP: dict[Audience, str] = {"team": "TLP:AMBER+STRICT", "partners": "TLP:AMBER", "public": "TLP:CLEAR"}


def tool_columns() -> tuple[Column, ...]:
    """Give the tool's columns in the sheet's order: those of `wallets`, and `attention`."""
    known = {column.name: column for column in (*TABLES["wallets"].columns, ATTENTION)}
    names = [*_FIRST, *(name for name in known if name not in _FIRST)]
    return tuple(known[name] for name in names)


# What the tool says about a wallet, and a person may say otherwise. `address` is the key, `attention` a remark.
JUDGED = tuple(column for column in tool_columns() if column.name not in ("address", "attention"))
JUDGED_NAMES = tuple(column.name for column in JUDGED)


def visible(columns: Iterable[Column], share: Audience) -> tuple[Column, ...]:
    """Keep the columns that this circle may see."""
    return tuple(column for column in columns if _AUDIENCES.index(column.audience) >= _AUDIENCES.index(share))


def header(column: Column) -> str:
    """Give a column's header in the workbook: its name, and `(UTC)` where it holds times."""
    return f"{column.name} (UTC)" if isinstance(column.dtype, pl.Datetime) else column.name


_ALIASES = {
    "address_link": "address",
    "addresses": "address",
    "affected_address": "address",
    "affected_addresses": "address",
    "wallet": "address",
    "wallet_address": "address",
    "notes": "note",
    "statuses": "status",
    "assigned": "assigned_to",
    "contacted": "contacted_at",
}
_KNOWN = frozenset((*(column.name for column in tool_columns()), *PEOPLE_NAMES, VERSION.name))


@dataclass(frozen=True, slots=True)
class Headers:
    """What a row of headers means: our name or a person's own, for each place; None where there is no header."""

    names: tuple[str | None, ...]

    @property
    def known(self) -> frozenset[str]:
        """The columns of ours that were found."""
        return frozenset(name for name in self.names if name in _KNOWN)

    @property
    def extras(self) -> tuple[str, ...]:
        """The columns that a person added, by their headers."""
        return tuple(name for name in self.names if name is not None and name not in _KNOWN)


def read_headers(cells: Iterable[str | None]) -> Headers:
    """Recognise headers in any order, case and spelling of blanks; `first_exposed (UTC)` is first_exposed.

    A second column of the same name is a person's own: `note` becomes `note (2)`.
    """
    names: list[str | None] = []
    for cell in cells:
        text = unquote_csv(inert(cell or "")).strip()
        name: str | None = _name(text)
        if name not in _KNOWN:
            name = text or None
        stem, count = name, 2
        while name is not None and name in names:
            name = f"{stem} ({count})"
            count += 1
        names.append(name)
    return Headers(tuple(names))


def _name(text: str) -> str:
    plain = re.sub(r"\s*\(utc\)$", "", text.lower())
    plain = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return _ALIASES.get(plain, plain)
