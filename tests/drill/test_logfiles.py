"""Requests become lines: each log has its own part of the truth, in its own clock and format."""

import json
from dataclasses import replace

from exposure.drill.logfiles import files, logged_addresses, split
from exposure.drill.presets import scenario
from exposure.drill.requests import Request, encoding_of, size_of, spell
from exposure.drill.scenario import DAY

QUIET_LOGS = replace(scenario("sample", 1).logs, broken=0, doubled=0.0)
SCENARIO = replace(scenario("sample", 1), logs=QUIET_LOGS)
START = QUIET_LOGS.start
WALLET = "0x52908400098527886e0f7030069857d2e4169ee7"


def _request(
    time: float, target: str = "/", place: str = "page", referer: str = "-", cache: str = "dynamic"
) -> Request:
    return Request(time, "198.18.0.1", 'A "quoted" agent', "GET", target, 200, 612, referer, place, "text/html", cache)


def test_each_log_holds_what_its_server_sees() -> None:
    """The CDN logs no calls, the origin no file that the CDN had; pages are in both."""
    page, call = _request(START + 1), _request(START + 2, "/api/gas", "api")
    hit, miss = (_request(START + 3, "/static/a.js", "static", cache=cache) for cache in ("hit", "miss"))
    assert split(SCENARIO, [page, call, hit, miss]) == ([page, hit, miss], [page, call, miss])


def test_the_origin_has_a_gap_and_both_end_with_the_days() -> None:
    """What came in the gap is in the CDN's log alone, what came later in none."""
    gap = START + (QUIET_LOGS.gap or (0, 0))[0]
    in_gap, late = _request(gap + 60), _request(START + 3 * DAY + 1)
    assert split(SCENARIO, [in_gap, late]) == ([in_gap], [])


def test_lines_are_nginx_combined_and_cloudflare_ndjson() -> None:
    """The origin's in its local time with escapes as nginx writes them, the CDN's in UTC."""
    request = _request(START + 3600.2, f"/wallet/{WALLET}")
    written = files(SCENARIO, [request], [request])
    cdn, origin = (content for _, content in sorted(written.items()))
    assert origin.decode() == (
        f'198.18.0.1 - - [03/Mar/2026:02:00:00 +0100] "GET /wallet/{WALLET} HTTP/1.1" 200 612 "-" '
        '"A \\x22quoted\\x22 agent"\n'
    )
    row = json.loads(cdn)
    assert (row["EdgeStartTimestamp"], row["ClientRequestURI"], row["EdgeResponseBodyBytes"]) == (
        "2026-03-03T01:00:00Z",
        f"/wallet/{WALLET}",
        612,
    )
    assert 612 < row["EdgeResponseBytes"] < 1300
    assert [name.split("_")[0] for name in sorted(written)] == [
        "logs/cdn/20260303T000000Z",
        "logs/origin/access.log-20260304",
    ]


def test_addresses_are_found_however_they_are_spelled() -> None:
    """Checksummed, in capitals, encoded once and twice, and in the referer; a transaction's hash is none."""
    spelled = [spell(WALLET, style) for style in ("checksum", "lower", "upper", "encoded")]
    assert spelled == [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        WALLET,
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "%30%7852908400098527886E0F7030069857D2E4169EE7",
    ]
    for name in spelled:
        assert logged_addresses([_request(0, f"/wallet/{name}")]) == {WALLET}
    assert logged_addresses([_request(0, f"/out?to=%2Flogin%3Fnext%3D%252Fwallet%252F{WALLET}")]) == {WALLET}
    assert logged_addresses([_request(0, referer=f"https://x.example/{WALLET}")]) == {WALLET}
    assert logged_addresses([_request(0, "/api/tx/0x" + "ab" * 32)]) == set()


def test_the_malicious_file_is_larger_in_every_encoding_and_only_in_the_window() -> None:
    """Programs get it as it is, browsers packed."""
    attack, asset = SCENARIO.attack, SCENARIO.site.asset
    assert attack is not None
    times = (attack.t1 - 1, attack.t1, attack.t2 - 1, attack.t2)
    grown = [
        [size_of(SCENARIO, asset, time, encoding) - asset.sizes[encoding] for time in times] for encoding in range(3)
    ]
    assert grown == [[0, 3127, 3127, 0], [0, 1243, 1243, 0], [0, 1068, 1068, 0]]
    assert encoding_of("curl/8.5.0") == 0
    assert encoding_of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/144.0.0.0") in (1, 2)
