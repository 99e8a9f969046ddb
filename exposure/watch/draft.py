"""A look's tables are made beside those of the case, as a fresh run would make them, and take their place when all are whole.

So what is found never depends on what an earlier look believed, and whoever reads meanwhile reads one look's tables.
"""

import os
import shutil
from collections.abc import Collection

from exposure.case import Case, write_atomically
from exposure.chain.pull import CHAIN_TABLES

# What people brought, and no run makes again.
_PEOPLES = ("people", "reports")
# What a chain that does not answer now has told before.
_TOLD = (*CHAIN_TABLES, "coverage", "names", "sightings")


class Draft(Case):
    """The tables and manifest that one look makes; all else is the case's own."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.folder)
        self._case = case
        self.data = case.folder / "watch" / "draft" / "data"
        self.manifest_file = case.folder / "watch" / "draft" / "manifest.json"

    def begin(self, *, keep_chain: bool) -> None:
        """Start from nothing but what people brought, and with `keep_chain` from what the chains have told before."""
        shutil.rmtree(self.data.parent, ignore_errors=True)
        self.data.mkdir(mode=0o700, parents=True)
        kept = [name for name in (*_PEOPLES, *(_TOLD if keep_chain else ())) if self._case.has(name)]
        for name in kept:
            _link(self._case, self, name)
        manifest = self._case.read_manifest()
        tables = manifest.pop("tables", {})
        manifest.pop("stages", None)
        with self.manifest() as draft:
            draft |= {**manifest, "tables": {name: tables[name] for name in kept if name in tables}}

    def publish(self, complete: bool, earlier: Collection[tuple[str, object]] = ()) -> None:
        """Put the tables into the case; `earlier` are the heads of chains that did not answer, by id."""
        self._case.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = sorted(self.data.glob("*.parquet"))
        for path in made:
            path.replace(self._case.data / path.name)
        names = {path.name for path in made}
        for path in self._case.data.glob("*.parquet"):
            if path.name not in names:
                path.unlink()
        with self.manifest() as manifest:
            manifest["complete"] = complete
            for chain, head in earlier:
                manifest["as_of"]["chains"].setdefault(chain, head)
        write_atomically(self._case.manifest_file, self.manifest_file.read_bytes())


def _link(source: Case, target: Case, name: str) -> None:
    try:
        os.link(source.path(name), target.path(name))
    except OSError:  # a file system without hard links
        shutil.copy2(source.path(name), target.path(name))
