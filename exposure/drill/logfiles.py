"""Requests -> log files as a CDN and an origin server would have written them, with the damage that real files have. Pure."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote

from exposure.drill.dice import Dice
from exposure.drill.requests import Request
from exposure.drill.scenario import HOUR, Scenario

CDN, ORIGIN = "logs/cdn", "logs/origin"
_PUSH_HOURS = 8
_COUNTRIES = ("us", "de", "gb", "fr", "br", "in", "jp", "ng", "nl", "pl", "sg", "tr", "vn", "ca", "au")
_COLOS = ("FRA", "AMS", "LHR", "IAD", "ORD", "SJC", "GRU", "SIN", "NRT", "LOS", "BOM", "WAW", "YYZ", "SYD")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}(?![0-9a-f])")


def split(scenario: Scenario, requests: Iterable[Request]) -> tuple[list[Request], list[Request]]:
    """Say which requests each log holds, by time: the CDN's (pages and files) and the origin's (calls, pages, cache misses).

    Nothing outside the time of the logs, and nothing of the origin while it wrote none.
    """
    logs = scenario.logs
    ordered = sorted(requests, key=lambda one: (one.time, one.ip, one.target, one.agent))
    kept = [one for one in ordered if logs.start <= one.time < logs.end]
    gap_start, gap_end = (logs.start + logs.gap[0], logs.start + sum(logs.gap)) if logs.gap else (0, 0)
    cdn = [one for one in kept if one.place != "api"]
    origin = [
        one for one in kept if (one.place != "static" or one.cache == "miss") and not gap_start <= one.time < gap_end
    ]
    return cdn, origin


def logged_addresses(requests: Iterable[Request]) -> set[str]:
    """Find the addresses that stand in requests, however they are spelled; lowercase."""
    found: set[str] = set()
    for one in requests:
        text = f"{one.target} {one.referer}"
        if "0x" in text or "%" in text:
            found.update(_ADDRESS.findall(unquote(unquote(text)).lower()))
    return found


def files(scenario: Scenario, cdn: Sequence[Request], origin: Sequence[Request]) -> dict[str, bytes]:
    """Write both logs: path -> content, not yet compressed."""
    return {**_cdn_files(scenario, cdn), **_origin_files(scenario, origin)}


def _cdn_files(scenario: Scenario, requests: Sequence[Request]) -> dict[str, bytes]:
    """Write one file for every eight hours; some lines are delivered twice, the second time in a later file."""
    dice = Dice(scenario.preset, scenario.seed, "cdn")
    lines: defaultdict[int, list[bytes]] = defaultdict(list)
    for number, one in enumerate(requests):
        line = _cloudflare(scenario, one, number, dice)
        part = int(one.time - scenario.logs.start) // (_PUSH_HOURS * HOUR)
        lines[part].append(line)
        if dice.chance(scenario.logs.doubled):
            lines[part + (1 if dice.chance(0.3) and one.time < scenario.logs.end - _PUSH_HOURS * HOUR else 0)].append(
                line
            )
    made = {}
    damage = scenario.logs.broken / max(1, len(requests))
    for part in sorted(lines):
        start = datetime.fromtimestamp(scenario.logs.start, UTC) + timedelta(hours=_PUSH_HOURS * part)
        end = start + timedelta(hours=_PUSH_HOURS)
        name = f"{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}_{dice.hex(8)}.log"
        made[f"{CDN}/{name}"] = _damage(lines[part], _broken_json, damage, dice)
    return made


def _origin_files(scenario: Scenario, requests: Sequence[Request]) -> dict[str, bytes]:
    """Write one file a day, rotated at the server's midnight."""
    dice = Dice(scenario.preset, scenario.seed, "origin")
    zone = timezone(timedelta(minutes=scenario.logs.offset_minutes))
    # The server writes a line when it has answered, so a slow answer stands behind quicker ones that were asked later.
    done = sorted((one.time + dice.lognormal(0.08, 0.9), number) for number, one in enumerate(requests))
    lines: defaultdict[str, list[bytes]] = defaultdict(list)
    for time, number in done:
        local = datetime.fromtimestamp(int(time), zone)
        lines[f"{local + timedelta(days=1):%Y%m%d}"].append(_combined(requests[number], local))
    damage = scenario.logs.broken / max(1, len(requests))
    return {f"{ORIGIN}/access.log-{day}": _damage(lines[day], _broken_combined, damage, dice) for day in sorted(lines)}


def _cloudflare(scenario: Scenario, one: Request, number: int, dice: Dice) -> bytes:
    client = Dice("client", one.ip)
    stamp = datetime.fromtimestamp(int(one.time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ray = hashlib.sha256(f"{scenario.preset}/{scenario.seed}/{number}".encode()).hexdigest()[:8]
    row: dict[str, object] = {
        "EdgeStartTimestamp": stamp,
        "RayID": f"{int(one.time):08x}{ray}",
        "ClientIP": one.ip,
        "ClientCountry": client.pick(_COUNTRIES),
        "ClientRequestHost": scenario.site.host,
        "ClientRequestMethod": one.method,
        "ClientRequestURI": one.target,
        "ClientRequestReferer": "" if one.referer == "-" else one.referer,
        "ClientRequestUserAgent": "" if one.agent == "-" else one.agent,
        "EdgeColoCode": client.pick(_COLOS),
        "CacheCacheStatus": one.cache,
        "EdgeResponseStatus": one.status,
        "EdgeResponseContentType": one.content_type,
        "EdgeResponseBytes": one.size + 540 + dice.integer(0, 24) + 8 * (len(one.target) % 5),
    }
    if scenario.logs.body_bytes:
        row["EdgeResponseBodyBytes"] = one.size
    return json.dumps(row, separators=(",", ":")).encode()


def _combined(one: Request, local: datetime) -> bytes:
    request = f"{one.method} {_escape(one.target)} HTTP/1.1"
    referer, agent = _escape(one.referer), _escape(one.agent)
    stamp = local.strftime("%d/%b/%Y:%H:%M:%S %z")
    return f'{one.ip} - - [{stamp}] "{request}" {one.status} {one.size} "{referer}" "{agent}"'.encode()


def _escape(text: str) -> str:
    """Write what nginx writes: quotes, backslashes and control characters in hex."""
    return re.sub(r'["\\\x00-\x1f\x7f-\xff]', lambda match: f"\\x{ord(match[0]):02X}", text)


def _damage(lines: list[bytes], broken: Callable[[bytes, Dice], bytes], share: float, dice: Dice) -> bytes:
    """Put unreadable lines between the others; some are the torn beginnings of lines that are also there whole."""
    for _ in range(round(share * len(lines))):
        place = dice.integer(0, len(lines) - 1)
        lines.insert(place, broken(lines[place], dice))
    return b"\n".join(lines) + b"\n"


def _broken_json(line: bytes, dice: Dice) -> bytes:
    kind = dice.integer(0, 5)
    if kind <= 2:
        return line[: dice.integer(20, max(21, len(line) - 20))]
    return (b"{}{", b"\x00" * 48, b'{"EdgeStartTimestamp":"' + b"\xff\xfe\x80" * 4)[kind - 3]


def _broken_combined(line: bytes, dice: Dice) -> bytes:
    kind = dice.integer(0, 6)
    if kind <= 2:
        return line[: dice.integer(10, max(11, len(line) - 30))]
    stamp = line[line.find(b"[") : line.find(b"]") + 1]
    hello = rb'"\x16\x03\x01\x05\xA8\x01\x00\x05\xA4\x03\x03\x8B\xD1" 400 157 "-" "-"'
    return (
        b"198.18.44.2 - - " + stamp + b" " + hello,
        b"198.19.3.91 - - " + stamp + b' "" 400 0 "-" "-"',
        b"\x16\x03\x01\x02\x00\x01\x00\xfe\xc3\x28 handshake \x9d\x00",
        b"\x00" * 64,
    )[kind - 3]
