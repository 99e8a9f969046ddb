"""incident.toml is validated whole, and every fault is named at its line."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from exposure.errors import ExposureError
from exposure.incident_toml import load_incident

GOOD = """\
[incident]
name = "x-2026"
title = "X"
site = ["examplewallet.com"]

[[logs]]
path = "logs/*.gz"

[[action]]
name = "entered_seed_phrase"
words = "entered your recovery phrase"
exposure = "key"
match = { method = "POST", path = '^/unlock', status = 200 }

[[chain]]
name = "ethereum"
rpc = ["$ETH_RPC_URL"]
"""


def _faults(tmp_path: Path, text: str) -> str:
    (tmp_path / "incident.toml").write_text(text)
    with pytest.raises(ExposureError) as raised:
        load_incident(tmp_path, {})
    return str(raised.value)


def test_a_good_file_is_read_with_its_presets_and_environment(tmp_path: Path) -> None:
    """Names of chains become ids, $NAME comes from the environment, durations have their defaults."""
    (tmp_path / "incident.toml").write_text(GOOD)
    incident = load_incident(tmp_path, {"ETH_RPC_URL": "http://127.0.0.1:1/key"})
    endpoint = incident.chains[0].rpc[0]
    assert (1, "http://127.0.0.1:1/key", "ETH_RPC_URL") == (
        incident.chains[0].id,
        endpoint.url.get_secret_value(),
        endpoint.variable,
    )
    assert {"method": "POST", "path": "^/unlock", "status": "200"} == incident.actions[0].match
    assert 7 * 86400 == incident.window.lead.total_seconds()


def test_several_faults_are_all_listed_with_line_and_hint(tmp_path: Path) -> None:
    """Nobody mends a file one fault at a time in the worst hour."""
    text = (
        GOOD.replace('title = "X"', 'titel = "X"')
        .replace("^/unlock", "^/(?=unlock)")
        .replace('"ethereum"', '"etherum"')
    )
    text += """
[[attacker]]
address = "0x12"
role = "thief"

[[fact]]
kind = "first_bad"
time = 2026-03-04T09:12:00
source = "log"
"""
    assert (
        "incident.toml has 7 faults\n"
        "  why: nothing was read or asked, since a wrong case gives wrong answers:\n"
        "    line 1, incident.title: this key is needed\n"
        "    line 3, incident.titel: this key is not known: did you mean 'title'?\n"
        "    line 13, action[1].match.path: the pattern '^/(?=unlock)' looks ahead or behind, which cannot be matched in linear "
        "time: write two actions, the more specific first, since a request gets the first that matches\n"
        "    line 16, chain[1].name: 'etherum' is not a chain that is known by name: did you mean 'ethereum'? `exposure chains` "
        "lists them, or add id = its chain id\n"
        "    line 20, attacker[1].address: '0x12' is not an address: write 0x and 40 hex digits\n"
        "    line 21, attacker[1].role: write one of 'sink', 'spender', 'delegate' or 'funder'\n"
        "    line 25, fact[1].time: 2026-03-04T09:12:00 has no zone: write 2026-03-04T09:12:00Z for UTC, or add its offset\n"
        "  fix: mend these lines and run again; `exposure init DIR` writes an example of every key"
    ) == _faults(tmp_path, text)


def test_text_that_is_not_toml_is_named_at_its_lines(tmp_path: Path) -> None:
    """Two broken lines are both named."""
    found = _faults(tmp_path, GOOD.replace('name = "x-2026"', "name = = 3").replace('words = "', 'words == "'))
    assert (
        "incident.toml has 2 faults\n"
        "  why: nothing was read or asked, since a wrong case gives wrong answers:\n"
        "    line 2, syntax: this is not TOML: text needs quotes, and = stands once\n"
        "    line 11, syntax: this is not TOML: text needs quotes, and = stands once\n"
        "  fix: mend these lines and run again; `exposure init DIR` writes an example of every key"
    ) == found


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (GOOD + "[window]\n\n[window]\n", ["line 20, syntax: this is not TOML: Cannot declare ('window',) twice"]),
        (GOOD + "x = 1\nx = 2", ["line 19, syntax: this is not TOML: Cannot overwrite a value"]),
        (
            GOOD.replace('"X"', "“X”").replace('["exam', "[‘exam").replace('words = "', 'words == "'),
            [
                "line 3, syntax: this is not TOML: use straight quotes (\" or '), not curly ones",
                "line 4, syntax: this is not TOML: use straight quotes (\" or '), not curly ones",
                "line 11, syntax: this is not TOML: text needs quotes, and = stands once",
            ],
        ),
        (
            GOOD.replace("^/unlock", "(unlock"),
            ["line 13, action[1].match.path: the pattern '(unlock' is not a regular expression: unclosed group"],
        ),
        (
            GOOD + '[[attacker]]\naddress = "badguy.eth"\nrole = "sink"\n',
            [
                (
                    "line 19, attacker[1].address: 'badguy.eth' is a name, and names are not looked up: write the address that it "
                    "stands for"
                )
            ],
        ),
    ],
    ids=["a table twice", "a key twice", "curly quotes", "a broken pattern", "a name"],
)
def test_a_slip_is_named_at_its_line_in_words_that_mend_it(tmp_path: Path, text: str, faults: list[str]) -> None:
    """No line but the one that is wrong, and no library's internals."""
    assert faults == [line.strip() for line in _faults(tmp_path, text).splitlines() if line.startswith("    line ")]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Notepad writes one before the text; lines count as without it."""
    (tmp_path / "incident.toml").write_text(GOOD, encoding="utf-8-sig")
    assert "x-2026" == load_incident(tmp_path, {}).name
    found = _faults(tmp_path, "\ufeff" + GOOD.replace("title", "titel"))
    assert "line 3, incident.titel: this key is not known: did you mean 'title'?" in found


def test_a_private_key_in_the_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    """An error is copied into chats: it never shows a secret."""
    key = "0x" + "ab" * 32
    found = _faults(tmp_path, GOOD + f'\n[[attacker]]\naddress = "{key}"\nrole = "sink"\n')
    assert key[2:] not in found
    assert (
        "line 20, attacker[1].address: a text of 66 characters is not an address: write 0x and 40 hex digits" in found
    )


@pytest.mark.parametrize(
    "address", ["0x" + "00" * 20, "0x" + "ee" * 20, f"0x{1:040x}", f"0x{10:040x}", f"0x{0xDEAD:040x}"]
)
def test_an_address_that_belongs_to_nobody_is_no_attacker(tmp_path: Path, address: str) -> None:
    """It would go into blocklists as confirmed."""
    found = _faults(tmp_path, GOOD + f'\n[[attacker]]\naddress = "{address}"\nrole = "sink"\n')
    assert f"line 20, attacker[1].address: {address} belongs to nobody" in found


def test_an_rpc_url_is_never_repeated(tmp_path: Path) -> None:
    """Its path may be an API key."""
    found = _faults(
        tmp_path, GOOD.replace('["$ETH_RPC_URL"]', '[{ url = "https://rpc.example/CANARY", trustd = true }]')
    )
    assert "CANARY" not in found
    assert "line 17, chain[1].rpc[1].trustd: this key is not known: did you mean 'trusted'?" in found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("[[chain]]\nname = \"ethereum\"\nrpc = [\"$ETH_RPC_URL\"]\n", ""),
         "line 1, incident: a chain is needed: write [[chain]] with name = \"ethereum\" and rpc = [\"$ETH_RPC_URL\"]"),
        (("rpc = [\"$ETH_RPC_URL\"]", ""),
         "line 15, chain[1]: nothing to read this chain from: add rpc = [\"$ETH_RPC_URL\"], or data = \"a folder of exported files\""),
        (("[[chain]]", "[advice]\nguide = \"https://help.examplewallet.com/new\"\n[[chain]]"),
         ("line 16, advice.guide: this lies on the affected site's domain while control is 'unsure': whoever holds its DNS holds it "
         "too; name a place elsewhere, or set control = \"regained\"")),
        (("[[chain]]", "[[report]]\naddress = \"0x" + "22" * 20 + "\"\ndid = \"entered_seed\"\n[[chain]]"),
         "line 17, report[1].did: 'entered_seed' is not the name of an [[action]]: known are entered_seed_phrase"),
        (("[[chain]]", ("[[fact]]\nkind=\"first_bad\"\ntime=2026-03-04T09:00:00Z\nsource=\"a\"\n[[fact]]\nkind=\"last_bad\"\n"
          "time=2026-03-03T09:00:00Z\nsource=\"a\"\n[[chain]]")),
         ("line 21, fact[2].time: last_bad 2026-03-03 09:00:00 lies before first_bad 2026-03-04 09:00:00: one of the two times is "
         "wrong (zone?)")),
    ],
)  # fmt: skip
def test_faults_across_keys_are_found(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    """What contradicts itself is named before any work."""
    assert [fault] == [
        line.strip() for line in _faults(tmp_path, GOOD.replace(*change)).splitlines() if "line " in line[:10]
    ]


def test_reports_come_from_a_csv_and_a_mistyped_one_does_not_stop_the_rest(tmp_path: Path) -> None:
    """One bad claim among thousands is said and left out."""
    good = "0x" + "22" * 20
    (tmp_path / "r.csv").write_text(
        f"Address,time,did\n{good},2026-03-04T10:00:00Z,entered_seed_phrase\n0x1,,\n{good},,napped\n"
    )
    (tmp_path / "incident.toml").write_text(GOOD + '\n[[report]]\nfile = "r.csv"\n')
    incident = load_incident(tmp_path, {})
    assert [(good, "entered_seed_phrase"), (good, None)] == [
        (report.address, report.did) for report in incident.reports
    ]
    assert (
        "r.csv line 3: '0x1' is not an address: write 0x and 40 hex digits; this report was left out",
        "r.csv line 4: 'napped' is not the name of an [[action]]; left empty",
    ) == incident.problems


@pytest.mark.parametrize("kind", ["csv", "jsonl", "list", "parquet"])
def test_reports_come_from_any_kind_of_table(tmp_path: Path, kind: str) -> None:
    """Whatever a help desk exports, each line is a report or a problem with its number."""
    good, bad = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"
    rows = [{"address": good, "time": "2026-03-04T10:00:00Z", "source": "ticket 1"}, {"address": bad}]
    file = tmp_path / "reports"
    if kind == "csv":
        file.write_text(f"address;time;source\n{good};2026-03-04T10:00:00Z;ticket 1\n{bad};;\n", encoding="utf-8-sig")
    elif kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == "list":
        file.write_text(json.dumps(rows, indent=2))
    else:
        typed = pl.DataFrame(rows).with_columns(pl.col("time").str.to_datetime(time_zone="UTC"))
        typed.write_parquet(file)
    (tmp_path / "incident.toml").write_text(GOOD + '\n[[report]]\nfile = "reports"\n')
    incident = load_incident(tmp_path, {})
    (report,) = incident.reports
    assert (good.lower(), "ticket 1") == (report.address, report.source)
    assert datetime(2026, 3, 4, 10, tzinfo=UTC) == report.time
    line = 3 if kind == "csv" else 2
    assert (
        (
            f"reports line {line}: {bad!r} has a wrong checksum, so a digit was mistyped: copy it again from its source; "
            "this report was left out"
        ),
    ) == incident.problems


def test_a_table_of_reports_without_addresses_is_a_fault(tmp_path: Path) -> None:
    """It is another table than was meant."""
    (tmp_path / "r.csv").write_text("name,mail\na,b\n")
    found = _faults(tmp_path, GOOD + '\n[[report]]\nfile = "r.csv"\n')
    assert "r.csv has no column address: its columns are mail, name; write a first line with address," in found


def test_a_mapping_names_only_fields_that_there_are(tmp_path: Path) -> None:
    """What may stand on the left is listed."""
    found = _faults(tmp_path, GOOD + '\n[[logs]]\npath = "a"\nfields = { time = "ts", adress = "user" }\n')
    assert "logs[2].fields.adress: write one of 'time', 'address', 'event'" in found


def test_a_reports_file_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    """Reports that were meant to be read are not silently none."""
    found = _faults(tmp_path, GOOD + '\n[[report]]\nfile = "r.csv"\n')
    assert (
        "line 20, report[1].file: r.csv cannot be read: No such file or directory; name a CSV, JSON lines or Parquet file, in UTF-8"
        in found
    )


def _with_facts(tmp_path: Path, *facts: tuple[str, str]) -> Path:
    blocks = "".join(f'\n[[fact]]\nkind = "{kind}"\ntime = {time}\nsource = "a"\n' for kind, time in facts)
    (tmp_path / "incident.toml").write_text(GOOD + blocks)
    return tmp_path


def test_a_fact_in_the_future_is_a_fault(tmp_path: Path) -> None:
    """The wrong year; the same file is good a year later."""
    folder, now = _with_facts(tmp_path, ("first_bad", "2027-02-12T20:30:00Z")), datetime(2026, 2, 13, tzinfo=UTC)
    with pytest.raises(ExposureError) as raised:
        load_incident(folder, {}, now)
    text = "line 21, fact[1].time: first_bad 2027-02-12 20:30:00 lies in the future (it is 2026-02-13 00:00:00 UTC): year? zone?"
    assert text in str(raised.value)
    assert () == load_incident(folder, {}, datetime(2027, 2, 13, tzinfo=UTC)).problems


def test_a_site_that_was_good_before_the_attack_was_detected_needs_a_person(tmp_path: Path) -> None:
    """It may be true, so the work goes on; who says when it was last bad is not asked."""
    facts = (("first_known_good", "2026-02-12T22:46:00+09:00"), ("detected", "2026-02-12T22:40:00Z"))
    assert load_incident(_with_facts(tmp_path, *facts), {}).problems == (
        (
            "incident.toml line 21, fact[1].time: first_known_good 2026-02-12 13:46:00 lies before detected 2026-02-12 22:40:00: "
            "is one of the two times wrong (zone?)? If it was over before anybody noticed, write a [[fact]] last_bad, too"
        ),
    )
    assert () == load_incident(_with_facts(tmp_path, *facts, ("last_bad", "2026-02-12T13:40:00Z")), {}).problems
