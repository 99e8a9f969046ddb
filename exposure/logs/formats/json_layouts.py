"""Formats of JSON objects, one entry each: where a vendor's lines keep the fields of a request. Data, no code.

Sources: the vendors' own documents of their fields. Netlify documents that traffic logs are JSON with client_ip and user_agent
and not the other names, so it has no entry: a mapping under [[logs]] reads it.
"""

from exposure.logs.formats.json_records import Layout

_NO_AGENT = "these lines name the browser only where the server was told to keep its header"
_ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"

NGINX = Layout(
    "nginx_json",
    "nginx, JSON with the usual names (escape=json, or none)",
    '{"time":"2026-03-04T09:12:00+00:00","remote_addr":"203.0.113.7","host":"examplewallet.com","request_method":"GET",'
    '"request_uri":"/","status":200,"body_bytes_sent":612,"http_user_agent":"Mozilla/5.0"}',
    {
        "time": (
            *("time_iso8601", "time_local", "msec", "time", "timestamp", "@timestamp", "ts", "datetime", "date"),
            *("time_msec", "request_time_iso8601"),
        ),
        "ip": ("remote_addr", "remote_ip", "client_ip", "clientip", "client", "ip"),
        "forwarded": ("http_x_forwarded_for", "x_forwarded_for", "xff"),
        "host": ("http_host", "host", "server_name", "vhost"),
        "method": ("request_method", "method"),
        "target": ("request_uri",),
        "request": ("request",),
        "path": ("uri", "url", "path"),
        "query": ("args", "query_string", "query"),
        "status": ("status", "status_code"),
        "bytes": ("body_bytes_sent",),
        "whole": ("bytes_sent", "bytes", "size"),
        "referer": ("http_referer", "http_referrer", "referer", "referrer"),
        "ua": ("http_user_agent", "user_agent", "agent"),
        "request_id": ("request_id",),
        "body": ("request_body", "body"),
    },
    marks=(
        ("request_uri", "request", "uri", "url", "path"),
        (
            "remote_addr",
            "remote_ip",
            "client_ip",
            "clientip",
            "client",
            "ip",
            "http_x_forwarded_for",
            "x_forwarded_for",
        ),
        ("status", "status_code", "request_method", "method", "request"),
    ),
    general=True,
)

CADDY = Layout(
    "caddy",
    "Caddy, JSON access log",
    '{"level":"info","ts":1772615520.25,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":'
    '"10.0.0.1","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"examplewallet.com","uri":"/",'
    '"headers":{"User-Agent":["Mozilla/5.0"]}},"size":612,"status":200}',
    {
        "time": ("ts",),
        "ip": ("request.client_ip", "request.remote_ip", "request.remote_addr"),
        "forwarded": ("request.headers.X-Forwarded-For[]",),
        "host": ("request.host",),
        "method": ("request.method",),
        "target": ("request.uri",),
        "status": ("status",),
        "bytes": ("size",),
        "referer": ("request.headers.Referer[]",),
        "ua": ("request.headers.User-Agent[]",),
    },
    marks=(("request.uri",), ("request.method",)),
)

TRAEFIK = Layout(
    "traefik",
    "Traefik, JSON access log",
    '{"ClientAddr":"10.0.0.1:48376","ClientHost":"203.0.113.7","DownstreamContentSize":612,"DownstreamStatus":200,'
    '"RequestHost":"examplewallet.com","RequestMethod":"GET","RequestPath":"/","StartUTC":"2026-03-04T09:12:00.609696286Z",'
    '"level":"info","msg":"","time":"2026-03-04T09:12:00Z"}',
    {
        "time": ("StartUTC", "StartLocal", "time"),
        "ip": ("ClientHost", "ClientAddr"),
        "forwarded": ("request_X-Forwarded-For",),
        "host": ("RequestHost", "RequestAddr"),
        "method": ("RequestMethod",),
        "target": ("RequestPath",),
        "status": ("DownstreamStatus",),
        "bytes": ("DownstreamContentSize",),
        "referer": ("request_Referer",),
        "ua": ("request_User-Agent",),
    },
    marks=(("RequestPath",), ("RequestMethod",)),
    limits=_NO_AGENT,
)

CLOUDFLARE = Layout(
    "cloudflare",
    "Cloudflare Logpush, HTTP requests as JSON lines",
    '{"ClientIP":"203.0.113.7","ClientRequestHost":"examplewallet.com","ClientRequestMethod":"GET",'
    '"ClientRequestURI":"/static/app.js","ClientRequestUserAgent":"Mozilla/5.0","EdgeResponseBytes":183422,'
    '"EdgeResponseStatus":200,"EdgeStartTimestamp":"2026-03-04T09:12:00Z","RayID":"710e98d9367f357d"}',
    {
        "time": ("EdgeStartTimestamp", "EdgeEndTimestamp"),
        "ip": ("ClientIP",),
        "host": ("ClientRequestHost",),
        "method": ("ClientRequestMethod",),
        "target": ("ClientRequestURI", "ClientRequestPath"),
        "status": ("EdgeResponseStatus",),
        "bytes": ("EdgeResponseBodyBytes",),
        "whole": ("EdgeResponseBytes",),
        "referer": ("ClientRequestReferer",),
        "ua": ("ClientRequestUserAgent",),
        "request_id": ("RayID",),
    },
    marks=(
        ("EdgeStartTimestamp", "EdgeEndTimestamp"),
        ("ClientRequestURI", "ClientRequestPath", "ClientIP", "RayID", "ClientRequestHost"),
    ),
    request_ids=True,
)

GOOGLE = Layout(
    "google_lb",
    "Google Cloud load balancer, JSON",
    '{"insertId":"1oek5rg3l3fxj7","httpRequest":{"requestMethod":"GET","requestUrl":"https://examplewallet.com/","status":'
    '200,"responseSize":"812","userAgent":"Mozilla/5.0","remoteIp":"203.0.113.7"},"resource":{"type":"http_load_balancer"},'
    '"timestamp":"2026-03-04T09:12:00.078651Z"}',
    {
        "time": ("timestamp",),
        "ip": ("httpRequest.remoteIp",),
        "method": ("httpRequest.requestMethod",),
        "target": ("httpRequest.requestUrl",),
        "status": ("httpRequest.status",),
        "whole": ("httpRequest.responseSize",),
        "referer": ("httpRequest.referer",),
        "ua": ("httpRequest.userAgent",),
        "request_id": ("insertId",),
    },
    marks=(("httpRequest.requestUrl",), ("timestamp",)),
    request_ids=True,
)

AZURE = Layout(
    "azure",
    "Azure Front Door and Application Gateway, JSON",
    '{"category":"FrontDoorAccessLog","properties":{"clientIp":"203.0.113.7","httpMethod":"GET","httpStatusCode":"200",'
    '"requestUri":"https://examplewallet.com:443/","responseBytes":"812","trackingReference":"0k1y5","userAgent":'
    '"Mozilla/5.0"},"time":"2026-03-04T09:12:00.6479719Z"}',
    {
        "time": ("timeStamp", "time", "TimeGenerated"),
        "ip": ("properties.clientIp", "properties.clientIP", "ClientIp", "clientIP_s", "clientIp_s"),
        "host": ("properties.hostName", "properties.originalHost", "properties.host", "OriginalHost", "Host", "host_s"),
        "method": ("properties.httpMethod", "HttpMethod", "httpMethod_s"),
        "target": ("properties.originalRequestUriWithArgs", "OriginalRequestUriWithArgs"),
        "path": ("properties.requestUri", "RequestUri", "requestUri_s"),
        "query": ("properties.requestQuery", "RequestQuery", "requestQuery_s"),
        "status": (
            "properties.httpStatusCode",
            "properties.httpStatus",
            "HttpStatus",
            "httpStatus_d",
            "httpStatusCode_s",
        ),
        "whole": ("properties.responseBytes", "properties.sentBytes", "SentBytes", "sentBytes_d", "responseBytes_s"),
        "referer": ("properties.referer", "properties.referrer"),
        "ua": ("properties.userAgent", "UserAgent", "userAgent_s"),
        "request_id": (
            "properties.trackingReference",
            "properties.transactionId",
            "TransactionId",
            "trackingReference_s",
        ),
    },
    marks=(
        ("properties.requestUri", "RequestUri", "requestUri_s"),
        ("properties.httpMethod", "HttpMethod", "httpMethod_s"),
        ("properties.clientIp", "properties.clientIP", "ClientIp", "clientIP_s", "clientIp_s"),
    ),
    request_ids=True,
)

FASTLY = Layout(
    "fastly",
    "Fastly, JSON with the field names of its documents",
    '{"timestamp":"2026-03-04T09:12:00+0000","client_ip":"203.0.113.7","host":"examplewallet.com","url":"/",'
    '"request_method":"GET","request_referer":"","request_user_agent":"Mozilla/5.0","response_status":200,'
    '"response_body_size":612,"fastly_is_edge":true}',
    {
        "time": ("timestamp", "time_start", "time", "start_time"),
        "ip": ("client_ip", "clientIP"),
        "host": ("host", "request_host"),
        "method": ("request_method", "method"),
        "target": ("url", "request_url"),
        "status": ("response_status", "status"),
        "bytes": ("response_body_size", "resp_body_bytes"),
        "referer": ("request_referer", "referer"),
        "ua": ("request_user_agent", "user_agent"),
    },
    marks=(("client_ip", "clientIP"), ("url", "request_url"), ("response_status", "fastly_server", "fastly_is_edge")),
    zone="UTC",  # %{begin:…}t is GMT
)

VERCEL = Layout(
    "vercel",
    "Vercel log drain, JSON",
    '{"id":"1573817187330377061717300000","deploymentId":"dpl_233NRGRjVZX1caZrXWtz5g1TAksD","source":"static","host":'
    '"examplewallet.com","timestamp":1772615520330,"requestId":"643af4e3","proxy":{"timestamp":1772615520250,"method":"GET",'
    '"host":"examplewallet.com","path":"/","userAgent":["Mozilla/5.0"],"statusCode":200,"clientIp":"203.0.113.7"}}',
    {
        "time": ("proxy.timestamp", "timestamp"),
        "ip": ("proxy.clientIp",),
        "host": ("proxy.host", "host", "domain"),
        "method": ("proxy.method", "requestMethod"),
        "target": ("proxy.path", "requestPath"),
        "status": ("proxy.statusCode", "statusCode", "responseStatusCode"),
        "referer": ("proxy.referer",),
        "ua": ("proxy.userAgent[]",),
        # a function's messages repeat the request that they belong to
        "request_id": ("requestId",),
    },
    marks=(("proxy.path", "requestPath"), ("deploymentId", "projectId")),
    request_ids=True,
    limits="a drain may be set to a sample of the requests",
)

AKAMAI = Layout(
    "akamai",
    "Akamai DataStream 2, JSON",
    '{"version":1,"reqId":"1239f220","reqTimeSec":"1772615520","cliIP":"203.0.113.7","reqHost":"examplewallet.com",'
    '"reqMethod":"GET","reqPath":"/","queryStr":"a=b","statusCode":"200","bytes":"612","UA":"Mozilla%2F5.0"}',
    {
        "time": ("reqTimeSec",),
        "ip": ("cliIP",),
        "forwarded": ("xForwardedFor",),
        "host": ("reqHost",),
        "method": ("reqMethod",),
        "path": ("reqPath",),
        "query": ("queryStr",),
        "status": ("statusCode",),
        "bytes": ("bytes",),
        "referer": ("referer",),
        "ua": ("UA",),
        "request_id": ("reqId",),
    },
    marks=(("reqTimeSec",), ("reqPath", "cliIP", "reqHost")),
    encoded=("referer", "ua"),
    limits="a stream may be set to a sample of the requests",
)

GATEWAY = Layout(
    "rpc_gateway",
    "Gateway of a JSON-RPC endpoint, a JSON line for each request",
    '{"ts":"2026-03-04T09:12:00Z","ip":"203.0.113.7","method":"eth_getBalance","params":["' + _ADDRESS + '","latest"]}',
    {
        "time": ("ts", "time", "timestamp", "@timestamp", "datetime"),
        "ip": ("remote_addr", "client_ip", "remote_ip", "ip", "request.remote.ip"),
        "forwarded": ("x_forwarded_for",),
        "host": ("host",),
        "referer": ("origin", "referer"),
        "ua": ("user_agent", "request.remote.userAgent"),
        "session": ("session", "session_id", "api_key_id"),
        "event": ("nativeCall.method",),
    },
    marks=((r"method ~ ^((?:eth|personal|net|web3|wallet|debug|trace|alchemy|txpool|zks)_)", "nativeCall.method"),),
    whole_line=True,
    limits="a wallet asks for its own accounts, and anybody may ask for any",
)

# Of formats that recognise as many lines, the first counts: those with names of their own come first.
REQUESTS = (CLOUDFLARE, CADDY, TRAEFIK, GOOGLE, AZURE, VERCEL, AKAMAI, FASTLY, GATEWAY, NGINX)
