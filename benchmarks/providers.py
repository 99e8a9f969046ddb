"""What each provider's limits and faults cost: calls, refusals and the result, profile by profile.

    python -m benchmarks.providers [--write] [--json]

The same small chain is pulled through a proxy that plays one provider at a time, with its own texts and codes
(tests/chain/profiles.py). `--write` puts the table into docs/providers.md.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from exposure.drill.anvil import Anvil
from exposure.errors import ExposureError
from tests.chain.profiles import PROFILES, Profile
from tests.chain.proxy import CANARY, Proxy
from tests.chain.village import ERIN, START, Village, build_village, incident, pull_all, tables, wanted

PAGE = Path(__file__).resolve().parents[1] / "docs" / "providers.md"
BEGIN, END = "<!-- made by python -m benchmarks.providers --write -->\n", "<!-- end -->\n"
SHOWN = 170


def main() -> None:
    """Play every profile, print the table, and with --json one object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/providers.md")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    with Anvil(timestamp=START) as node, tempfile.TemporaryDirectory() as folder:
        village = build_village(node)
        rows = [_play(village, profile, Path(folder) / str(n)) for n, profile in enumerate(PROFILES)]
    honest = rows[0]["tables"]
    for row in rows:
        same = "the same tables" if row["tables"] == honest else "OTHER TABLES"
        row["result"] = f"exit code 1: {_short(row['problem'])}" if row["problem"] else same
    text = _table(rows)
    print(text)
    if options.write:
        before, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(before + BEGIN + text + END + rest.split(END)[1])
    if options.json:
        print(json.dumps({row["name"]: {"calls": row["calls"], "refused": row["refused"]} for row in rows}))


def _play(village: Village, profile: Profile, folder: Path) -> dict[str, Any]:
    """Pull the village through one profile."""
    played = replace(profile)
    wallets = [village.alice, village.bob, village.carol, village.dave, ERIN.address.lower()]
    with Proxy(village.url, played) as proxy:
        told = incident(folder, proxy.url)
        found: object = None
        try:
            figures = pull_all(told, wanted(village, wallets, [village.drainer, village.sink, village.delegate]))
            problems = [str(one) for one in figures["problems"]]  # type: ignore[attr-defined]
            found = {name: frame.write_json() for name, frame in tables(folder).items()}
        except ExposureError as error:
            problems = [f"{error.what}: {error.why}"]
        calls, shown = len(proxy.asked), proxy.url.replace(f"/v3/{CANARY}", "/…")
    problem = problems[0].replace(shown, "the endpoint") if problems else ""
    return {
        "name": profile.name,
        "about": profile.about,
        "calls": calls,
        "refused": played.refused,
        "problem": problem,
        "tables": found,
    }


def _table(rows: list[dict[str, Any]]) -> str:
    lines = ["| provider | what it does | calls | refused | result |", "| --- | --- | ---: | ---: | --- |"]
    lines += [
        f"| {row['name']} | {row['about']} | {row['calls']} | {row['refused']} | {row['result']} |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    text = text.replace("|", "/")
    return text if len(text) <= SHOWN else text[:SHOWN].rsplit(" ", 1)[0] + " …"


if __name__ == "__main__":
    main()
