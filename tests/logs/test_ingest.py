"""Log files become tables: every line is accounted for, and every row leads back to its line."""

import re
import subprocess
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from exposure.incident import Action, Asset, Fact
from exposure.logs.finish import finish
from tests.logs.logbook import ALICE, BOB, CAROL, CHECKSUMMED, UNLOCK, Logbook, at, cloudflare, combined

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"


@pytest.fixture
def logbook(tmp_path: Path) -> Logbook:
    """An empty case."""
    return Logbook(tmp_path)


def test_a_request_an_address_and_what_ties_them(logbook: Logbook) -> None:
    """The whole way, once: the page names the wallet, the next request gives its phrase away."""
    logbook.write(
        "logs/access.log",
        combined(f"/wallet/{ALICE}", at(0)),
        combined("/logo.png", at(5)),
        combined("/api/unlock/mnemonic", at(60), method="POST", size=99),
        combined("/about", at(70), ip="198.51.100.1"),
    )
    figures = logbook.read()
    assert {
        "sources": 1, "lines": 4, "parsed": 4, "kept": 2, "rejected": 0, "duplicates": 0, "secrets": 0, "problems": [],
    } == figures  # fmt: skip
    (source,) = logbook.case.read("sources").get_column("source").to_list()
    requests = logbook.case.read("requests")
    client = requests.get_column("client")[0]
    assert re.fullmatch("[0-9a-f]{16}", client)
    assert [
        (source, 1, at(0), client, f"{client}-1", None, "GET", f"/wallet/{ALICE}", 200, 612, None, None, None, None),
        (source, 3, at(60), client, f"{client}-1", None, "POST", "/api/unlock/mnemonic", 200, 99, None, None,
         "entered_seed_phrase", "unknown"),
    ] == requests.rows()  # fmt: skip
    assert [
        (ALICE, at(0), "direct", 0.98, client, f"{client}-1", None, f"log:{source}:1"),
        (ALICE, at(60), "session", 0.9, client, f"{client}-1", "entered_seed_phrase", f"log:{source}:3"),
    ] == logbook.case.read("sightings").rows()
    assert [(at(0), None, 2, 1, 1224, 0), (at(60), None, 2, 2, 711, 0)] == logbook.case.read("traffic").rows()


def test_every_row_leads_to_its_line_as_sed_counts(logbook: Logbook) -> None:
    """Two files at once, with a mark, carriage returns, empty lines, bad bytes, zeros, and no end; read in small blocks."""
    named = [f"0x{number:040x}" for number in range(16, 416)]
    odd: list[str | bytes] = ["", b"\xff\xfe\xfd broken \xe2", b"\0\0\0", "garbage", '{"torn": "', "\u2028"]

    def mixed(lines: list[str]) -> list[str | bytes]:
        return [
            text
            for number, line in enumerate(lines)
            for text in ([line, odd[number % len(odd)]] if number % 3 else [line])
        ]

    plain = mixed([combined(f"/wallet/{name}", at(number)) for number, name in enumerate(named[:200])])
    json = mixed([cloudflare(f"/wallet/{name}", ray=name) for name in named[200:]])
    logbook.write("logs/a.log", b"\xef\xbb\xbf" + combined(f"/wallet/{ALICE}").encode(), *plain, ending=b"\r\n")
    other = logbook.write("logs/b.json", *json)
    other.write_bytes(other.read_bytes() + cloudflare(f"/wallet/{BOB}", ray="last").encode())
    logbook.read(block=4096)
    paths = dict(logbook.case.read("sources").select("source", "path").rows())
    sightings = logbook.case.read("sightings").select("address", "ref").rows()
    assert {ALICE, BOB, *named} == {address for address, _ in sightings}
    for address, ref in sightings:
        _, source, line = ref.split(":")
        shown = subprocess.run(
            ["sed", "-n", f"{line}p", logbook.folder / paths[source]], capture_output=True, check=True
        ).stdout
        assert address.encode() in shown
    for source, line, excerpt in logbook.rows("rejects", "source", "line", "excerpt"):
        shown = subprocess.run(
            ["sed", "-n", f"{line}p", logbook.folder / paths[source]], capture_output=True, check=True
        ).stdout
        assert shown.strip(b"\0\r\n").decode("utf-8", "replace")[:9] == excerpt.replace("\\u2028", "\u2028")[:9]


def test_every_line_is_counted_once(logbook: Logbook) -> None:
    """Lines are parsed or rejected; duplicates and kept rows are among the parsed; packed or not, in one block or in many."""
    text = [
        combined(f"/wallet/{ALICE}"),
        "garbage",
        "",
        combined("/x"),
        combined("/api/unlock/mnemonic", method="POST"),
    ] * 50
    logbook.write("logs/a.log.gz", *text)
    logbook.write("logs/b.log", *[cloudflare("/x", ray=f"{number % 80}") for number in range(100)], "{", "")
    figures = logbook.read(block=1000)
    assert (352, 250, 100, 102, 20) == tuple(
        figures[name] for name in ("lines", "parsed", "kept", "rejected", "duplicates")
    )
    for row in logbook.case.read("coverage").iter_rows(named=True):
        assert row["lines"] == row["parsed"] + row["rejected"]
        assert row["kept"] + row["duplicates"] <= row["parsed"]
    assert [("combined", 250, 150, 100, 100, 0), ("cloudflare", 102, 100, 0, 2, 20)] == _by_format(logbook)


def _by_format(logbook: Logbook) -> list[tuple[object, ...]]:
    joined = logbook.case.read("coverage").join(logbook.case.read("sources").select("source", "format"), on="source")
    columns = ("format", "lines", "parsed", "kept", "rejected", "duplicates")
    return joined.sort("lines", descending=True).select(columns).rows()


def test_blocks_of_any_size_give_the_same_tables(tmp_path: Path) -> None:
    """Where a block ends is chance; nothing may depend on it."""
    lines = [
        combined(
            f"/wallet/0x{number % 7 + 16:040x}" if number % 3 else "/static/app.js",
            at(number),
            ip=f"203.0.113.{number % 5}",
        )
        for number in range(300)
    ]
    tables = []
    for number, block in enumerate((500, 7000, 1 << 20)):
        logbook = Logbook(tmp_path / str(number))
        logbook.write("a.log", *lines)
        (logbook.folder / ".pseudonym.key").write_text("00" * 32)
        logbook.read(block=block)
        tables.append({path.name: path.read_bytes() for path in (logbook.folder / "data").iterdir()})
    assert tables[0] == tables[1] == tables[2]


def test_what_is_worked_on_together_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large logs are finished a few people at a time; the tables are the same to the byte."""
    key = bytes(32).hex()
    written = []
    for together in (500_000, 3):
        logbook = Logbook(tmp_path / str(together), assets=(Asset(path="/static/app.js", bytes=(7,)),))
        lines = [
            combined(target, at(60 * number), ip=f"203.0.113.{number % 7}", method=method, size=number % 9 + 1)
            for number, (target, method) in enumerate(
                [
                    (f"/a/{ALICE}", "GET"),
                    ("/api/unlock/mnemonic", "POST"),
                    (f"/b/{BOB}", "GET"),
                    ("/static/app.js", "GET"),
                ]
                * 15
            )
        ]
        logbook.write("a.log", *lines[:30], "no request " + CAROL)
        logbook.write("b.log", *lines[30:], combined(f"/c/{CAROL}", ip="-"))
        (logbook.folder / ".pseudonym.key").write_text(key)
        monkeypatch.setattr("exposure.logs.ingest.finish", partial(finish, together=together))
        logbook.read()
        written.append({path.name: path.read_bytes() for path in sorted(logbook.case.data.glob("*.parquet"))})
    assert written[0].keys() == written[1].keys()
    assert [] == [
        name
        for name in written[0]
        if pl.read_parquet(written[0][name]).rows() != pl.read_parquet(written[1][name]).rows()
    ]


def test_overlapping_exports_are_merged(logbook: Logbook) -> None:
    """Two files of one [[logs]] that share an hour; what is in both counts once, in the first."""
    lines = [combined(f"/wallet/0x{number:040x}", at(number)) for number in range(16, 26)]
    logbook.write("logs/a.log", *lines[:7], listed=False)
    logbook.write("logs/b.log", *lines[4:], listed=False)
    logbook.name("logs/*.log")
    figures = logbook.read()
    assert (13, 13, 10, 3) == tuple(figures[name] for name in ("lines", "parsed", "kept", "duplicates"))
    assert 10 == logbook.case.read("traffic").get_column("requests").sum()


def test_sessions_span_files_and_formats(logbook: Logbook) -> None:
    """The CDN sees the page, the origin sees the phrase; IP address and browser tie them."""
    logbook.write("cdn.log", cloudflare(f"/wallet/{ALICE}", "2026-03-04T12:00:00Z", ray="a"))
    logbook.write("origin.log.gz", combined("/api/unlock/mnemonic", at(60), method="POST"))
    logbook.read()
    assert [(ALICE, "session", 0.9, "entered_seed_phrase")] == logbook.case.read("sightings").filter(
        pl.col("link") == "session"
    ).select("address", "link", "strength", "action").rows()


def test_an_address_on_a_line_that_cannot_be_read_is_still_seen(logbook: Logbook) -> None:
    """Nobody may be told "we have no sign of you" because a line was torn."""
    logbook.write("a.log", combined("/"), combined(f"/wallet/{ALICE}").replace('" 200', ""), combined("/"))
    logbook.read()
    ((address, time, link, strength, client, _, action, ref),) = logbook.case.read("sightings").rows()
    assert (ALICE, None, "direct", 0.5, None, None) == (address, time, link, strength, client, action)
    assert ref.endswith(":2")
    assert [
        (
            "these lines do not name the host; 1 line not read: the line is not in the common or combined layout; "
            "1 line that is no readable request holds an address"
        )
    ] == logbook.notes()


def test_a_wrong_checksum_is_counted_and_not_joined(logbook: Logbook) -> None:
    """It is somebody's mistyped address: which wallet was meant, nobody can say. The request stays in view."""
    logbook.write(
        "a.log", cloudflare(f"/wallet/{CHECKSUMMED[:-1]}D", ray="a"), cloudflare(f"/wallet/{CHECKSUMMED}", ray="b")
    )
    logbook.read()
    assert [(CHECKSUMMED.lower(),)] == logbook.rows("sightings", "address")
    assert [(1,), (2,)] == logbook.rows("requests", "line")
    assert ["1 address has a wrong checksum: tied to no wallet"] == logbook.notes()


def test_fetches_of_watched_files_are_kept(tmp_path: Path) -> None:
    """Those that incident.toml names with any answer, and full ones of files that changed; others are only counted."""
    logbook = Logbook(tmp_path, assets=(Asset(path="/app.js"),))
    sizes = [100] * 50 + [150] * 50 + [100] * 50
    changed = [combined("/main.js", at(60 * n), size=size, ip=f"203.0.113.{n}") for n, size in enumerate(sizes)]
    same = [combined("/same.js", at(60 * n)) for n in range(50)]
    logbook.write("a.log", *changed, *same, combined("/app.js?v=1"), combined("/app.js", status=304, size=0))
    figures = logbook.read()
    assert (202, 152) == (figures["lines"], figures["kept"])
    counted = logbook.case.read("requests").group_by("path").len().sort("path").rows()
    assert [("/app.js", 1), ("/app.js?v=1", 1), ("/main.js", 150)] == counted


def test_an_act_knows_the_file_that_its_browser_had(tmp_path: Path) -> None:
    """By the sizes that incident.toml names; who fetched nothing is unknown."""
    logbook = Logbook(tmp_path, assets=(Asset(path="/app.js", bytes=(150,)),))
    people = [("203.0.113.1", 150), ("203.0.113.2", 100), ("203.0.113.3", None)]
    lines = [combined("/app.js", at(60 * second), size=100, ip="203.0.113.9") for second in range(100)]
    lines += [combined("/app.js", at(3000), size=size, ip=ip) for ip, size in people if size]
    lines += [combined("/api/unlock/mnemonic", at(3060 + n), method="POST", ip=ip) for n, (ip, _) in enumerate(people)]
    logbook.write("a.log", *lines)
    logbook.read()
    acted = logbook.case.read("requests").filter(pl.col("action").is_not_null()).sort("line")
    assert ["bad", "good", "unknown"] == acted.get_column("asset_state").to_list()


def test_nothing_private_is_written(tmp_path: Path) -> None:
    """IP addresses, phrases and keys, in every field and in lines that cannot be read, packed or not: none reaches the case."""
    ip6, ip4 = "2001:db8:77:66:55:44:33:22", "203.0.113.77"
    logbook = Logbook(tmp_path / "case", assets=(Asset(path="/app.js"),))
    secrets = [
        KEY,
        "0x" + KEY.upper(),
        PHRASE,
        PHRASE.replace(" ", "%20"),
        PHRASE.replace(" ", "+"),
        PHRASE.replace(" ", "%2520"),
    ]
    lines = []
    for number, secret in enumerate(secrets):
        for ip in (ip4, ip6):
            lines += [
                combined(f"/wallet/{ALICE}?s={secret}&ip={ip4}", at(number), ip=ip),
                combined(
                    f"/api/unlock/mnemonic?s={secret}&ip={ip6}", at(number), ip=ip, method="POST", ua=f"UA {secret}"
                ),
                combined(f"/wallet/{BOB}", at(number), ip=ip, referer=f"https://x/{secret}", ua=secret),
                combined(f"/app.js?{secret}", at(number), ip=ip),
                combined(f"/{secret}/app.css", at(number), ip=ip, size=100 + number),
                f"{ip} {secret} torn {ip}",
                combined(f"/{secret}", ip=ip)[:-30],
                combined(f"/x?k={secret}", ip=ip)[: 70 + 40],
            ]
    logbook.write("../outside/a.log", *lines, listed=False)
    logbook.name("../outside/a.log")
    json = [cloudflare(f"/u/{CAROL}?{secret}", ray=secret[:16], ClientIP=ip6) for secret in secrets]
    logbook.write("../outside/b.gz", *json, *(line[:-40] for line in json), listed=False)
    logbook.name("../outside/b.gz")
    figures = logbook.read(block=2000)
    assert figures["secrets"] > 20
    # four words of a torn phrase may stay: they open nothing
    words = [r"\W+(?:20|2520)?".join(PHRASE.split()[start : start + 5]) for start in range(8)]
    canaries = [re.compile(text, re.IGNORECASE) for text in (KEY[:41], *words, "203.0.113", "2001:db8")]
    written = [path for path in (tmp_path / "case").rglob("*") if path.is_file()]
    held = [str(pl.read_parquet(path).to_dicts()) for path in written if path.suffix == ".parquet"]
    held += [path.read_text("latin-1") for path in written] + [str(figures)]
    assert [] == [(canary.pattern, found[0]) for text in held for canary in canaries if (found := canary.search(text))]
    assert [] == [path.name for path in written if ".ingest" in str(path)]


TRUNCATED = (
    "logs/a.log.gz is cut short: the gz data ends in the middle. The {lines} lines before were read. "
    "To go on: copy the file again from where it was made, and see who made it"
)


def test_a_truncated_gz_gives_what_can_be_read_and_says_so(logbook: Logbook) -> None:
    """The readable part is kept: half a log is half the victims."""
    path = logbook.write(
        "logs/a.log.gz", *[combined(f"/wallet/0x{n * 7919**9 % 16**40:040x}", at(n)) for n in range(1, 2000)]
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    figures = logbook.read()
    assert 500 < figures["parsed"] < 1500
    assert [TRUNCATED.format(lines=f"{figures['lines']:,}")] == figures["problems"]
    assert f"cut short: the gz data ends in the middle, {figures['lines']:,} lines could be read" in logbook.notes()[0]


def test_a_pattern_on_the_host_warns_where_lines_name_none(tmp_path: Path) -> None:
    """It would match nothing, and nobody would be exposed."""
    asking = Action(name="typed_key", words="typed a key", exposure="key", match={"host": "^app[.]", "path": "^/key"})
    logbook = Logbook(tmp_path, actions=(UNLOCK, asking))
    logbook.write("a.log", combined("/"))
    logbook.write("b.log", cloudflare("/", ray="a"))
    assert [
        (
            "no line of a.log can match typed_key: the pattern asks for a host, and lines in the format combined name none. "
            "To go on: take host out of match under [[action]], or log the host"
        )
    ] == logbook.read()["problems"]


@pytest.mark.parametrize(
    ("facts", "window"),
    [
        ([("first_bad", 7200)], "from 2026-03-04 14:00:00 UTC"),
        ([("last_bad", -60)], "to 2026-03-04 11:59:00 UTC"),
        ([("last_known_good", 7200), ("first_bad", 9000), ("first_known_good", 10_800)],
         "from 2026-03-04 14:00:00 UTC to 2026-03-04 15:00:00 UTC"),
    ],
)  # fmt: skip
def test_logs_of_another_time_are_a_warning(tmp_path: Path, facts: list[tuple[str, int]], window: str) -> None:
    """They are read all the same (others may lie inside), but somebody exported the wrong day, or mistook the zone."""
    known = tuple(
        Fact.model_validate({"kind": kind, "time": at(seconds), "source": "deploys"}) for kind, seconds in facts
    )
    logbook = Logbook(tmp_path, facts=known)
    logbook.write("a.log", combined("/", at(0)), combined(f"/wallet/{ALICE}", at(60)))
    figures = logbook.read()
    assert 1 == figures["kept"]
    assert [
        (
            f"no line of a.log lies inside the window {window} that the facts of incident.toml span: it holds "
            "2026-03-04 12:00:00 UTC to 2026-03-04 12:01:00 UTC. To go on: add the logs of that time, or correct the facts (zone?)"
        )
    ] == figures["problems"]


def test_logs_that_touch_the_window_are_no_warning(tmp_path: Path) -> None:
    """One of several files is enough; detection and notice are no bounds of the window."""
    facts = (Fact(kind="first_bad", time=at(60), source="x"), Fact(kind="detected", time=at(-99), source="x"))
    logbook = Logbook(tmp_path, facts=facts)
    logbook.write("a.log", combined("/", at(0)), listed=False)
    logbook.write("b.log", combined("/", at(90)), listed=False)
    logbook.name("*.log")
    assert [] == logbook.read()["problems"]


def test_reading_again_replaces_what_was_read_before(logbook: Logbook) -> None:
    """A log that was taken out of incident.toml leaves nothing behind; other steps' rows stay."""
    logbook.write("a.log", combined(f"/wallet/{ALICE}"))
    logbook.read()
    reported = logbook.case.read("sightings").with_columns(address=pl.lit(CAROL), link=pl.lit("report"))
    logbook.case.write_part("sightings", reported, pl.col("link") == "report")
    logbook.logs.clear()
    logbook.write("b.log", combined(f"/wallet/{BOB}"))
    logbook.read()
    assert [(BOB,), (CAROL,)] == logbook.rows("sightings", "address")
    assert 1 == logbook.case.read("coverage").height


def test_without_logs_the_tables_are_empty(logbook: Logbook) -> None:
    """A case may start from the chain alone."""
    assert (0, []) == (logbook.read()["lines"], logbook.read()["problems"])
    assert (0, 0) == (logbook.case.read("requests").height, logbook.case.read("sightings").height)
