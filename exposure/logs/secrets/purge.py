"""Which sources hold secrets, and who must purge them, in words. Pure."""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from exposure.logs.intake import Counts
from exposure.logs.reading.sources import SourceFile

_KINDS = {
    "private_key": "private keys",
    "phrase": "recovery phrases",
    "keystore": "keystores",
    "extended_key": "extended private keys",
}


def count_secrets(secrets: pl.DataFrame) -> dict[int, dict[str, int]]:
    """Count the lines with secrets of each source (by its number), by kind."""
    counted = secrets.group_by("source", "kind").agg(lines=pl.col("line").n_unique()).sort("source", "kind")
    found: dict[int, dict[str, int]] = {}
    for source, kind, lines in counted.iter_rows():
        found.setdefault(source, {})[kind] = lines
    return found


def secrets_of(source: int, counts: Counts) -> int:
    """Count the secrets of a source: those replaced in what is kept, or those that open wallets, which may stand elsewhere."""
    return max(counts.secrets[source], sum(counts.opening.get(source, {}).values()))


def secret_notes(source: int, counts: Counts) -> Iterator[str]:
    """Say what secrets a source holds, for its row of coverage."""
    if number := counts.secrets[source]:
        yield f"{number:,} {'secret was' if number == 1 else 'secrets were'} found and replaced: purge this source"
    if kinds := counts.opening.get(source):
        yield f"holds what opens wallets: {_kinds(kinds)} (table secrets): purge this source"
    if number := counts.published[source]:
        yield f"{number:,} published test {'phrase or key was' if number == 1 else 'phrases or keys were'} ignored"


def to_purge(file: SourceFile, counts: Counts) -> Iterator[str]:
    """Say who must delete a source that holds what opens wallets: nobody does it unless it is said."""
    kinds = counts.opening.get(file.number)
    if kinds and file.format is not None:
        writer = re.split(r"[,:(]", file.format.title)[0].strip()
        yield (
            f"{file.shown} holds what opens wallets: {_kinds(kinds)}. Whoever can read it can take them. To go on: when the "
            f"evidence is kept safe, whoever runs what writes it ({writer}) purges it, with its copies, backups and exports, and "
            "stops logging such requests; the table secrets names the lines"
        )


def _kinds(kinds: Mapping[str, int]) -> str:
    return ", ".join(
        f"{_KINDS[kind]} in {number:,} {'line' if number == 1 else 'lines'}" for kind, number in kinds.items()
    )
