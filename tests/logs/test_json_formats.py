"""Every JSON format reads its vendor's lines, keeps every line, and reads back what is written."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exposure.incident import LogSource
from exposure.logs.formats.event_layouts import EVENTS
from exposure.logs.formats.json_layouts import REQUESTS
from exposure.logs.formats.json_records import NAMES, NO_JSON, NO_REQUEST, NO_TIME, NO_ZONE, Layout
from exposure.logs.formats.known import FORMATS, detect, parse
from exposure.logs.formats.records import NUMBERED, Parsed
from tests.logs.logbook import ALICE, BOB, NOON, lines_of

LAYOUTS = {layout.name: layout for layout in (*REQUESTS, *EVENTS)}


def read(name: str, *lines: str | Mapping[str, Any], **log: Any) -> Parsed:
    """Read lines of one format."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return parse(lines_of(*texts), FORMATS[name], LogSource(path="x.log", **log))


def first(name: str, line: str | Mapping[str, Any], **log: Any) -> dict[str, Any]:
    """Read one line to the fields that say something."""
    row = read(name, line, **log).records.row(0, named=True)
    ours = ("source", "line", "text", "hints", *NUMBERED)
    return {key: value for key, value in row.items() if value is not None and key not in ours}


NGINX_ESCAPED = {
    "time": "2024-06-12T00:00:00+00:00",
    "remote_addr": "97.12.161.137",
    "remote_user": "",
    "request": "POST /swap?a=b HTTP/1.1",
    "status": "404",
    "body_bytes_sent": "153",
    "http_referrer": "https://x.example/",
    "http_user_agent": "Mozilla/5.0",
    "http_x_forwarded_for": "198.51.100.9",
    "request_time": "0.004",
}


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        (
            "nginx_json",
            NGINX_ESCAPED,
            {
                "time": datetime(2024, 6, 12, tzinfo=UTC), "ip": "97.12.161.137", "forwarded": "198.51.100.9",
                "method": "POST", "target": "/swap?a=b", "status": 404, "bytes": 153, "headers": False,
                "referer": "https://x.example/", "ua": "Mozilla/5.0",
            },
        ),
        (
            "nginx_json",
            {"time_local": "04/Mar/2026:13:00:00 +0100", "msec": "1.0", "remote_addr": "::1", "uri": "/a", "args": "b=c",
             "request_method": "GET", "status": 200, "bytes_sent": 812, "server_name": "Shop.Example"},
            {
                "time": datetime(2026, 3, 4, 12, tzinfo=UTC), "ip": "::1", "host": "shop.example", "method": "GET",
                "target": "/a?b=c", "status": 200, "bytes": 812, "headers": True,
            },
        ),
        (
            "nginx_json",
            {"msec": "1772625600.125", "remote_addr": "1.2.3.4", "uri": "/a", "args": "", "request_method": "GET"},
            {"time": NOON.replace(microsecond=125_000), "ip": "1.2.3.4", "method": "GET", "target": "/a", "headers": False},
        ),
        (
            "caddy",
            ('{"level":"info","ts":1716723772.6014807,"logger":"http.log.access.log17","msg":"handled request","request":'
             '{"remote_ip":"10.5.1.1","remote_port":"42414","client_ip":"10.10.10.117","proto":"HTTP/2.0","method":"GET",'
             '"host":"overlay.example:8443","uri":"/gentoo/distfiles/?a","headers":{"User-Agent":["Wget/1.24.5"],"Referer":'
             '["https://a/"],"Accept":["*/*"]},"tls":{"resumed":false}},"bytes_read":0,"user_id":"","duration":0.0015,'
             '"size":3768,"status":200,"resp_headers":{"Server":["Caddy"]}}'),
            {
                "time": datetime(2024, 5, 26, 11, 42, 52, 601480, UTC), "ip": "10.10.10.117", "host": "overlay.example",
                "method": "GET", "target": "/gentoo/distfiles/?a", "status": 200, "bytes": 3768, "headers": False,
                "referer": "https://a/", "ua": "Wget/1.24.5",
            },
        ),
        (
            "traefik",
            ('{"ClientAddr":"10.10.8.105:48376","ClientHost":"175.16.199.10","ClientPort":"48376","ClientUsername":"-",'
             '"DownstreamContentSize":82,"DownstreamStatus":200,"Duration":22453744,"RequestAddr":"api.example:443",'
             '"RequestHost":"api.example","RequestMethod":"GET","RequestPath":"/api/v1/x","RequestPort":"443","StartLocal":'
             '"2024-02-09T12:53:32.609696286+01:00","StartUTC":"2024-02-09T11:53:32.609696286Z","entryPointName":"websecure",'
             '"level":"info","msg":"","request_User-Agent":"curl/8","time":"2024-02-09T11:53:32Z"}'),
            {
                "time": datetime(2024, 2, 9, 11, 53, 32, 609696, UTC), "ip": "175.16.199.10", "host": "api.example",
                "method": "GET", "target": "/api/v1/x", "status": 200, "bytes": 82, "headers": False, "ua": "curl/8",
            },
        ),
        (
            "google_lb",
            ('{"httpRequest":{"latency":"0.102s","remoteIp":"89.160.20.156","requestMethod":"GET","requestSize":"577",'
             '"requestUrl":"http://81.2.69.193/static/us/?a=b","responseSize":"157","serverIp":"10.5.3.1","status":304,'
             '"userAgent":"Mozilla/5.0"},"insertId":"1oek5rg3l3fxj7","jsonPayload":{"@type":"type.googleapis.com/x"},'
             '"logName":"projects/p/logs/requests","receiveTimestamp":"2020-06-08T23:41:30.588Z","resource":{"type":'
             '"http_load_balancer"},"severity":"INFO","timestamp":"2020-06-08T23:41:30.078651Z"}'),
            {
                "time": datetime(2020, 6, 8, 23, 41, 30, 78651, UTC), "ip": "89.160.20.156", "host": "[ip]",
                "method": "GET", "target": "/static/us/?a=b", "status": 304, "bytes": 157, "headers": True,
                "ua": "Mozilla/5.0", "request_id": "1oek5rg3l3fxj7",
            },
        ),
        (
            "azure",
            ('{"category":"FrontdoorAccessLog","operationName":"Microsoft.Network/FrontDoor/AccessLog/Write","properties":'
             '{"clientIp":"89.160.20.128","clientPort":"28541","httpMethod":"POST","httpStatusCode":"200","httpVersion":'
             '"1.1.0.0","requestBytes":"4096","requestUri":"https://erp.example:443/Stock/?a=b","responseBytes":"2048",'
             '"socketIp":"10.0.0.4","trackingReference":"0k1y5","userAgent":"Mozilla/5.0"},"resourceId":"/S/X","time":'
             '"2021-12-15T03:10:11.6479719Z"}'),
            {
                "time": datetime(2021, 12, 15, 3, 10, 11, 647971, UTC), "ip": "89.160.20.128", "host": "erp.example",
                "method": "POST", "target": "/Stock/?a=b", "status": 200, "bytes": 2048, "headers": True,
                "ua": "Mozilla/5.0", "request_id": "0k1y5",
            },
        ),
        (
            "azure",
            ('{"resourceId":"/S/Y","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog",'
             '"timeStamp":"2017-04-26T19:27:38+00:00","properties":{"instanceId":"a_0","clientIP":"191.96.249.97","clientPort":'
             '46886,"httpMethod":"GET","requestUri":"/phpmyadmin/index.php","requestQuery":"a=b","userAgent":"-","httpStatus":'
             '404,"httpVersion":"HTTP/1.0","receivedBytes":65,"sentBytes":553,"timeTaken":205,"sslEnabled":"off","host":'
             '"www.example.com","originalHost":"www.example.com"}}'),
            {
                "time": datetime(2017, 4, 26, 19, 27, 38, tzinfo=UTC), "ip": "191.96.249.97", "host": "www.example.com",
                "method": "GET", "target": "/phpmyadmin/index.php?a=b", "status": 404, "bytes": 553, "headers": True,
            },
        ),
        (
            "fastly",
            ('{"timestamp":"2026-03-04T12:00:00","client_ip":"203.0.113.7","geo_country":"france","host":"www.example.com",'
             '"url":"/a?b","request_method":"GET","request_protocol":"HTTP/2","request_referer":"","request_user_agent":'
             '"Mozilla/5.0","response_state":"HIT","response_status":200,"response_body_size":612,"fastly_is_edge":true}'),
            {
                "time": NOON, "ip": "203.0.113.7", "host": "www.example.com", "method": "GET", "target": "/a?b", "status": 200,
                "bytes": 612, "headers": False, "ua": "Mozilla/5.0",
            },
        ),
        (
            "vercel",
            ('{"id":"1573817187330377061717300000","deploymentId":"dpl_233NRGRjVZX1caZrXWtz5g1TAksD","source":"lambda","host":'
             '"d.example","timestamp":1573817187330,"projectId":"gdufoJxB6b9b1fEqr1jUtFkyavUU","level":"info","message":"x",'
             '"requestId":"643af4e3","statusCode":-1,"proxy":{"timestamp":1573817250172,"method":"GET","host":"my.example",'
             '"path":"/dynamic/1?route=2","userAgent":["Mozilla/5.0"],"referer":"*.vercel.app","statusCode":200,"clientIp":'
             '"120.75.16.101","region":"sfo1","scheme":"https"}}'),
            {
                "time": datetime(2019, 11, 15, 11, 27, 30, 172000, UTC), "ip": "120.75.16.101", "host": "my.example",
                "method": "GET", "target": "/dynamic/1?route=2", "status": 200, "headers": False, "referer": "*.vercel.app",
                "ua": "Mozilla/5.0", "request_id": "643af4e3",
            },
        ),
        (
            "vercel",
            ('{"requestId":"297gl","timestamp":1780859257148,"deploymentId":"dpl_Cw","projectId":"prj_ly","level":"error","message":'
             '"x","source":"edge-middleware","domain":"zero.example","requestMethod":"GET","requestPath":"/","responseStatusCode":500}'),
            {
                "time": datetime(2026, 6, 7, 19, 7, 37, 148000, UTC), "host": "zero.example", "method": "GET", "target": "/",
                "status": 500, "headers": False, "request_id": "297gl",
            },
        ),
        (
            "azure",
            ('{"TimeGenerated":"2026-03-04T12:00:00.123Z","Category":"ApplicationGatewayAccessLog","clientIP_s":"203.0.113.7",'
             '"httpMethod_s":"GET","requestUri_s":"/a","requestQuery_s":"b=c","httpStatus_d":200,"sentBytes_d":553,"host_s":'
             '"a.example","userAgent_s":"Mozilla"}'),
            {
                "time": NOON.replace(microsecond=123_000), "ip": "203.0.113.7", "host": "a.example", "method": "GET",
                "target": "/a?b=c", "status": 200, "bytes": 553, "headers": True, "ua": "Mozilla",
            },
        ),
        (
            "akamai",
            ('{"version":1,"customField":"any","reqId":"1239f220","reqTimeSec":"1573840000","city":"HERNDON","cacheStatus":"1",'
             '"xForwardedFor":"1.2.3.4","referer":"https%3A%2F%2Ftest.referrer.net%2Fen","reqPort":"443","reqPath":"/p1/f.ext",'
             '"reqMethod":"GET","reqHost":"test.hostname.net","cliIP":"5.6.7.8","bytes":"4995","statusCode":"206","queryStr":'
             '"param=value","UA":"Mozilla%2F5.0%20(Macintosh)"}'),
            {
                "time": datetime(2019, 11, 15, 17, 46, 40, tzinfo=UTC), "ip": "5.6.7.8", "forwarded": "1.2.3.4",
                "host": "test.hostname.net", "method": "GET", "target": "/p1/f.ext?param=value", "status": 206, "bytes": 4995,
                "headers": False, "referer": "https://test.referrer.net/en", "ua": "Mozilla/5.0 (Macintosh)",
                "request_id": "1239f220",
            },
        ),
        (
            "rpc_gateway",
            ('{"version":"accesslog/v1beta2","ts":"2021-07-20T01:53:33.174645Z","id":"578d81a2","channel":"DSHACKLE","method":'
             '"NativeCall","blockchain":"ETHEREUM","request":{"id":"6a0b","start":"2021-07-20T01:53:33.166Z","remote":{"ips":'
             '["172.217.8.78"],"ip":"172.217.8.78","userAgent":"grpc-node"}},"nativeCall":{"method":"eth_blockNumber","id":2,'
             '"payloadSizeBytes":2}}'),
            {
                "time": datetime(2021, 7, 20, 1, 53, 33, 174645, UTC), "ip": "172.217.8.78", "headers": False,
                "ua": "grpc-node", "event": "eth_blockNumber",
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value in LAYOUTS else "",
)  # fmt: skip
def test_a_vendors_line_is_found_and_read(name: str, line: str | Mapping[str, Any], expected: dict[str, Any]) -> None:
    """Lines in the vendors' own layout."""
    found = detect([line if isinstance(line, str) else json.dumps(line)])
    assert found is not None
    assert name == found.name
    row = first(name, line)
    row.pop("body", None)
    assert expected == row


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("caddy", '{"level":"info","ts":1716723772.6,"msg":"serving initial configuration"}'),
        ("caddy", '{"level":"error","ts":1716723772.6,"logger":"tls","msg":"x","request":{"remote_ip":"10.5.1.1"}}'),
        ("vercel", '{"id":"1","deploymentId":"dpl_2","source":"build","timestamp":1573817187330,"message":"Building"}'),
        ("google_lb", '{"insertId":"1","timestamp":"2020-06-08T23:41:30Z","textPayload":"x"}'),
        ("traefik", '{"level":"info","msg":"Configuration loaded","time":"2024-02-09T11:53:32Z"}'),
        ("azure", '{"category":"ApplicationGatewayPerformanceLog","time":"2021-12-15T03:10:11Z","properties":{"x":1}}'),
    ],
)
def test_what_a_server_says_beside_requests_is_no_fault(name: str, line: str) -> None:
    """It is counted apart: neither a request nor refused."""
    parsed = read(name, FORMATS[name].example, line)
    assert (1, 0, [(2, NO_REQUEST)]) == (
        parsed.records.height, parsed.rejects.height, parsed.others.select("line", "reason").rows()
    )  # fmt: skip


def test_a_time_without_a_zone_needs_one() -> None:
    """It is asked for, and never guessed, but where the vendor says it."""
    line = {"time": "2026-03-04T13:00:00", "remote_addr": "1.2.3.4", "request_uri": "/", "status": 200}
    assert [NO_ZONE] == read("nginx_json", line).rejects.get_column("reason").to_list()
    assert NOON == first("nginx_json", line, timezone="Europe/Berlin")["time"]
    assert [NO_TIME] == read("nginx_json", {**line, "time": "noon"}).rejects.get_column("reason").to_list()


@pytest.mark.parametrize(
    "time",
    [
        1772625600, "1772625600.000", 1772625600000, 1772625600000000, 1772625600000000000, "2026-03-04T12:00:00Z",
        "2026-03-04 13:00:00+01", "2026-03-04 12:00:00 UTC", "2026-03-04 12:00:00.000000 UTC", "04/Mar/2026:12:00:00 +0000",
    ],
)  # fmt: skip
def test_times_are_read_in_every_form(time: object) -> None:
    """Counts since 1970 in four units, RFC 3339, and what databases and nginx write."""
    assert NOON == first("plain", {"time": time, "address": ALICE})["time"]


def test_fields_that_incident_toml_names_are_read_first() -> None:
    """Any JSON lines can be read so, whatever their names are."""
    line = {
        "when": "2026-03-04T12:00:00Z", "user": {"id": ALICE, "to": BOB}, "what": "unlock", "sid": "s1", "release": "2.68",
        "net": {"ip": "1.2.3.4"}, "http": {"url": "https://A.example/x?y", "verb": "POST", "code": "200", "size": 5},
        "browser": "Mozilla", "from_page": "https://b/", "address": BOB,
    }  # fmt: skip
    fields = {
        "time": "when", "address": "user.id", "event": "what", "session": "sid", "version": "release", "ip": "net.ip",
        "path": "http.url", "method": "http.verb", "status": "http.code", "bytes": "http.size", "referer": "from_page",
        "user_agent": "browser",
    }  # fmt: skip
    assert {
        "time": NOON, "ip": "1.2.3.4", "host": "a.example", "method": "POST", "target": "/x?y", "status": 200, "bytes": 5,
        "headers": False, "referer": "https://b/", "ua": "Mozilla", "session": "s1", "body": ALICE, "event": "unlock",
        "version": "2.68",
    } == first("plain", line, fields=fields)  # fmt: skip


def test_a_first_line_of_names_is_no_request() -> None:
    """So a table's header is counted."""
    parsed = read("plain", '["time","address"]', {"time": "2026-03-04T12:00:00Z", "address": ALICE})
    assert [(1, NAMES)] == parsed.others.select("line", "reason").rows()


def put(item: dict[str, Any], path: str, value: object) -> None:
    """Write a value where a path leads to."""
    *steps, last = path.removesuffix("[]").split(".")
    for step in steps:
        if not isinstance(item.get(step), dict):
            item[step] = {}
        item = item[step]
    item[last] = [value] if path.endswith("[]") else value


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: text not in ("-", "") and not text.startswith(("{", "["))
)


@pytest.mark.parametrize("name", [name for name, layout in LAYOUTS.items() if name not in ("siwe", "rpc_gateway")])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_any_request_is_read_back_as_it_was_written(name: str, data: st.DataObject) -> None:
    """Each field under the first of its paths, whatever a client put there."""
    layout: Layout = LAYOUTS[name]
    seconds = data.draw(st.integers(10**9, 4 * 10**9))
    written: dict[str, Any] = {"ua": data.draw(TEXT), "referer": data.draw(TEXT), "event": data.draw(TEXT)}
    written |= {"target": "/" + data.draw(TEXT), "ip": "203.0.113.7", "status": data.draw(st.integers(0, 999))}
    written |= {"version": data.draw(TEXT), "bytes": data.draw(st.integers(0, 2**53))}
    item = json.loads(FORMATS[name].example)
    kept = {}
    for field, value in written.items():
        paths = [
            path for path in layout.fields.get(field, ()) if " ~ " not in path and "[" not in path.removesuffix("[]")
        ]
        if paths:
            put(item, paths[0], value.replace("%", "") or "x" if field in layout.encoded else value)
            kept[field] = value.replace("%", "") or "x" if field in layout.encoded else value
    put(item, layout.fields["time"][0], seconds)
    parsed = read(name, json.dumps(item, ensure_ascii=data.draw(st.booleans())))
    assert (0, 0) == (parsed.rejects.height, parsed.others.height)
    row = parsed.records.row(0, named=True)
    assert kept | {"time": datetime.fromtimestamp(seconds, UTC)} == {field: row[field] for field in [*kept, "time"]}


@pytest.mark.parametrize("name", LAYOUTS)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_every_line_is_in_exactly_one_place(name: str, data: st.DataObject) -> None:
    """Records, rejects and others are all lines; text, objects of anything, and lines of every format."""
    anything = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
    objects = st.dictionaries(st.sampled_from(LAYOUTS[name].paths), anything | st.integers() | st.none(), max_size=5)
    known = st.sampled_from([entry.example for entry in FORMATS.values()])
    texts = data.draw(st.lists(anything | objects.map(json.dumps) | known, min_size=1, max_size=6))
    lines = lines_of(*texts)
    parsed = parse(lines, FORMATS[name], LogSource(path="x.log"))
    found = [*parsed.records["line"], *parsed.rejects["line"], *parsed.others["line"]]
    assert lines["line"].to_list() == sorted(found)
    assert {NO_JSON} >= set(parsed.rejects["reason"]) - {NO_TIME, NO_ZONE, "the line is empty"}
