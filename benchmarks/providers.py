"""What each provider's limits and faults cost: calls, refusals and the result, profile by profile.

    python -m benchmarks.providers [--only village|sample] [--write] [--json]

The same small chain is pulled through a proxy that plays one provider at a time, with its own texts and codes
(tests/chain/profiles.py). Then the sample incident goes through all of them, from the pull to the verdicts, its limits grown with
it, and through the files of cryo and ethereum-etl: how many calls that takes, and whether each wallet is told the same.
`--write` puts the tables into docs/providers.md.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from exposure.drill.anvil import Anvil
from exposure.drill.demo import sample_folder
from exposure.drill.replay import anvil_for, replay
from exposure.errors import ExposureError
from tests.chain.exports import CRYO_RUNS, read_chain, write_cryo, write_etl
from tests.chain.profiles import PROFILES, Profile, Size
from tests.chain.proxy import CANARY, Proxy
from tests.chain.sample import TOLD, Judged, at_sample_size, judge, read_logs, size_of
from tests.chain.village import ERIN, START, Village, build_village, incident, pull_all, tables, wanted

PAGE = Path(__file__).resolve().parents[1] / "docs" / "providers.md"
BEGIN = "<!-- {name}: made by python -m benchmarks.providers --write -->\n"
END = "<!-- end -->\n"
SHOWN = 170
Row = dict[str, Any]


def main() -> None:
    """Play every profile, print the tables, and with --json one object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["village", "sample"], help="one of the two tables")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/providers.md")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    options = parser.parse_args()
    measured = {}
    for name, measure in (("village", _village), ("sample", _sample)):
        if options.only in (None, name):
            measured[name] = measure()
            text = _table(measured[name])
            print(text, flush=True)
            if options.write:
                before, rest = PAGE.read_text().split(BEGIN.format(name=name))
                PAGE.write_text(before + BEGIN.format(name=name) + text + END + rest.split(END, 1)[1])
    if options.json:
        kept = ("calls", "refused", "result")
        print(
            json.dumps(
                {
                    name: {row["name"]: {key: row[key] for key in kept} for row in rows}
                    for name, rows in measured.items()
                }
            )
        )


def _village() -> list[Row]:
    """Pull the village through every profile."""
    with Anvil(timestamp=START) as node, tempfile.TemporaryDirectory() as folder:
        village = build_village(node)
        rows = [_play(village, profile, Path(folder) / str(n)) for n, profile in enumerate(PROFILES)]
    for row in rows:
        same = "the same tables" if row["tables"] == rows[0]["tables"] else "OTHER TABLES"
        row["result"] = f"exit code 1: {_short(row['problem'])}" if row["problem"] else same
    return rows


def _sample() -> list[Row]:
    """Pull and judge the sample incident through every profile, and through other programs' files."""
    script = sample_folder() / "transactions.json"
    with anvil_for(script) as node, tempfile.TemporaryDirectory() as folder:
        replay(script, node.url)
        return list(_judged(node.url, Path(folder)))


def _judged(url: str, folder: Path) -> Iterator[Row]:
    logs = read_logs(folder / "logs")
    honest = judge(logs, folder / "honest", [url])
    size = size_of(folder / "honest", honest.wallets.height)
    for number, profile in enumerate(PROFILES):
        yield _through(profile, size, url, logs, folder / str(number), honest)
    programs = {"ethereum-etl's CSV": lambda at: write_etl(read_chain(url), at)}
    if CRYO_RUNS:
        programs["cryo's Parquet"] = partial(write_cryo, url, network="ethereum")
    for name, write in programs.items():
        with Proxy(url) as proxy:
            found = judge(logs, folder / name, [proxy.url], write)
            about = "its files, and an RPC for what they lack"
            yield _row(name, about, len(proxy.asked), 0, found, honest)


def _through(profile: Profile, size: Size, url: str, logs: Path, folder: Path, honest: Judged) -> Row:
    """Judge the sample through one profile; behind one that cannot give everything alone stands a second endpoint."""
    played = at_sample_size(profile, size)
    with ExitStack() as stack:
        proxies = [
            stack.enter_context(Proxy(url, one))
            for one in [played, *([] if profile.complete else [Profile("", "", ())])]
        ]
        found = judge(logs, folder, [proxy.url for proxy in proxies])
        about = profile.about if profile.complete else f"{profile.about}; a second endpoint behind it"
        return _row(profile.name, about, sum(len(proxy.asked) for proxy in proxies), played.refused, found, honest)


def _row(name: str, about: str, calls: int, refused: int, found: Judged, honest: Judged) -> Row:
    changed = found.differs(honest)
    same = f"OTHER WALLETS: {', '.join(changed)}"
    if not set(changed) & set(TOLD):
        same = "the same wallets" + (f" (but for {' and '.join(changed)})" if changed else "")
    result = f"exit code 1: {_short(found.problems[0])}" if found.problems else same
    print(f"{name}: {calls:,} calls, {refused} refused, {result}", flush=True)
    return {"name": name, "about": about, "calls": calls, "refused": refused, "result": result}


def _play(village: Village, profile: Profile, folder: Path) -> Row:
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


def _table(rows: list[Row]) -> str:
    lines = ["| provider | what it does | calls | refused | result |", "| --- | --- | ---: | ---: | --- |"]
    lines += [
        f"| {row['name']} | {row['about']} | {row['calls']:,} | {row['refused']} | {row['result']} |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    text = text.replace("|", "/")
    return text if len(text) <= SHOWN else text[:SHOWN].rsplit(" ", 1)[0] + " …"


if __name__ == "__main__":
    main()
