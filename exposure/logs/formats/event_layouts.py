"""Exports of product analytics, error reports and sign-ins: where each keeps an event's fields. Data, no code.

The wallet stands where the site's own code put it: under one of a few dozen names, in one of the places that each product has for
properties of an event or of a user, or as the user's id itself.
"""

from itertools import product

from exposure.logs.formats.json_records import Layout

_LEFT_OUT = "whoever blocks analytics is missing"
_ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"

# Names under which sites send the wallet that is connected. Not `to`, `token`, `contract`, `recipient`: these are somebody else's.
_WALLET = (
    *("address", "wallet", "wallet_address", "walletAddress", "account", "account_address", "accountAddress"),
    *("user_address", "userAddress", "eth_address", "ethAddress", "public_address", "publicAddress", "owner", "signer"),
    *("from", "addresses[]", "accounts[]", "wallets[]"),
)


def _in(*places: str) -> tuple[str, ...]:
    """Give the paths of the wallet's names in these places."""
    return tuple(f"{place}.{name}" if place else name for place, name in product(places, _WALLET))


def _pairs(*lists: str) -> tuple[str, ...]:
    """Give the paths of the wallet's names in lists of pairs."""
    return tuple(f"{pairs}[{name}]" for pairs, name in product(lists, _WALLET) if not name.endswith("[]"))


SEGMENT = Layout(
    "segment",
    "Segment, events as JSON lines",
    '{"anonymousId":"23adfd82","context":{"ip":"203.0.113.7","app":{"version":"2.68.0"},"page":{"url":'
    '"https://examplewallet.com/unlock"}},"event":"Wallet Connected","messageId":"022bb90c","properties":{"address":"'
    + _ADDRESS
    + '"},"timestamp":"2026-03-04T09:12:00.412Z","type":"track"}',
    {
        "time": ("timestamp", "originalTimestamp", "sentAt", "receivedAt", "original_timestamp", "received_at"),
        "ip": ("context.ip", "context_ip"),
        "host": ("context.page.url ~ ^https?://([^/?#]+)", "context_page_url ~ ^https?://([^/?#]+)"),
        "target": ("context.page.url", "context.page.path", "context_page_url", "context_page_path"),
        "referer": ("context.page.referrer", "context_page_referrer"),
        "ua": ("context.userAgent", "context_user_agent"),
        "request_id": ("messageId",),
        "session": ("userId", "anonymousId", "user_id", "anonymous_id"),
        "event": ("event", "event_text", "name", "type"),
        "version": ("context.app.version", "context_app_version"),
        "address": (*_in("", "properties", "traits", "context.traits"), "userId", "user_id", "anonymousId", "groupId"),
    },
    marks=(("messageId", "anonymous_id"), ("anonymousId", "userId", "anonymous_id", "user_id"), ("type", "event")),
    request_ids=True,
    limits=_LEFT_OUT,
    events=True,
)

AMPLITUDE = Layout(
    "amplitude",
    "Amplitude, export as JSON lines",
    '{"event_time":"2026-03-04 09:12:00.123000","event_type":"wallet_connected","device_id":"C8F9E604","ip_address":'
    '"203.0.113.7","version_name":"2.68.0","uuid":"bf0b9b2a","event_properties":{"wallet":"' + _ADDRESS + '"}}',
    {
        "time": ("event_time", "client_event_time", "server_received_time"),
        "ip": ("ip_address",),
        "host": ("event_properties.[Amplitude] Page Domain",),
        "target": ("event_properties.[Amplitude] Page URL", "event_properties.[Amplitude] Page Path"),
        "request_id": ("$insert_id", "uuid"),
        "session": ("user_id", "device_id", "amplitude_id"),
        "event": ("event_type",),
        "version": ("version_name", "start_version"),
        "address": (*_in("event_properties", "user_properties", "group_properties"), "user_id", "device_id"),
    },
    marks=(("event_type",), ("event_time", "client_event_time"), ("device_id", "user_id", "amplitude_id")),
    zone="UTC",
    request_ids=True,
    limits=_LEFT_OUT,
    events=True,
)

MIXPANEL = Layout(
    "mixpanel",
    "Mixpanel, raw export as JSON lines",
    '{"event":"Wallet Connected","properties":{"time":1772615520,"distinct_id":"'
    + _ADDRESS
    + '","$insert_id":"hpuDqcvp","$app_version_string":"2.68.0","$current_url":"https://examplewallet.com/"}}',
    {
        "time": ("properties.time", "time"),
        "ip": ("properties.ip", "properties.$ip"),
        "target": ("properties.$current_url", "properties.current_url"),
        "referer": ("properties.$referrer",),
        "request_id": ("properties.$insert_id", "$insert_id"),
        "session": ("properties.$user_id", "properties.distinct_id", "distinct_id", "properties.$device_id"),
        "event": ("event",),
        "version": ("properties.$app_version_string", "properties.$app_version", "properties.app_version"),
        "address": (*_in("properties"), "properties.distinct_id", "distinct_id", "properties.$user_id"),
    },
    marks=(("event",), ("properties.distinct_id", "properties.$device_id", "distinct_id"), ("properties.time", "time")),
    request_ids=True,
    limits=_LEFT_OUT + "; projects may export times of their own zone as if it were UTC",
    events=True,
)

POSTHOG = Layout(
    "posthog",
    "PostHog, export of events as JSON lines",
    '{"uuid":"018f3c1e","event":"wallet_connected","distinct_id":"' + _ADDRESS + '","timestamp":'
    '"2026-03-04T09:12:00.123000+00:00","properties":{"$ip":"203.0.113.7","$session_id":"018f3c1d","$current_url":'
    '"https://examplewallet.com/"}}',
    {
        "time": ("timestamp", "created_at"),
        "ip": ("properties.$ip", "ip"),
        "host": ("properties.$host",),
        "target": ("properties.$current_url", "properties.$pathname"),
        "referer": ("properties.$referrer",),
        "ua": ("properties.$raw_user_agent",),
        "request_id": ("uuid",),
        "session": ("properties.$session_id", "distinct_id"),
        "event": ("event",),
        "version": ("properties.$app_version", "properties.app_version", "properties.version"),
        "address": (
            *_in("properties", "properties.$set", "person.properties", "person_properties"),
            "distinct_id",
            "properties.$user_id",
        ),
    },
    marks=(
        ("event",),
        ("distinct_id",),
        ("timestamp",),
        ("uuid", "team_id", "properties.$lib", "properties.$session_id"),
    ),
    request_ids=True,
    limits=_LEFT_OUT,
    events=True,
)

SENTRY = Layout(
    "sentry",
    "Sentry, error events as JSON lines",
    '{"event_id":"fc6d8c0c","timestamp":"2026-03-04T09:12:00Z","platform":"javascript","release":"app@2.68.0","message":'
    '"signing failed","user":{"id":"' + _ADDRESS + '","ip_address":"203.0.113.7"},"tags":[["browser","Chrome"]]}',
    {
        "time": ("timestamp", "dateCreated", "datetime", "dateReceived", "received"),
        "ip": ("user.ip_address", "user.ip", "user.ipAddress"),
        "host": ("request.url ~ ^https?://([^/?#]+)", "url ~ ^https?://([^/?#]+)"),
        "method": ("request.method",),
        "target": ("request.url", "tags[url]", "url"),
        "ua": ("request.headers[User-Agent]",),
        "request_id": ("event_id", "eventID", "id"),
        "session": ("user.id", "user.username", "contexts.replay.replay_id", "replayId"),
        "event": ("title", "message", "logentry.formatted", "logentry.message", "transaction", "type"),
        "version": ("release.version", "release", "tags[release]", "tags[app.version]"),
        "address": (
            *_in("user", "user.data", "extra", "context"),
            *_pairs("tags"),
            *("user.id", "user.username", "user", "message", "title", "logentry.formatted", "contexts.wallet.address"),
            "exception.values[].value",
        ),
    },
    marks=(
        ("event_id", "eventID", "id"),
        ("timestamp", "dateCreated", "datetime", "dateReceived"),
        ("platform", "project", "projectID", "project.name", "culprit", "release", "sdk.name", "event.type"),
        ("title", "message", "logentry.message", "logentry.formatted", "exception.values[].value", "transaction"),
    ),
    zone="UTC",
    request_ids=True,
    limits="only what failed is in these lines, and a quota may have dropped some of it",
    events=True,
)

GA4 = Layout(
    "ga4_bigquery",
    "Google Analytics 4, export from BigQuery as JSON lines",
    '{"event_date":"20260304","event_timestamp":"1772615520123456","event_name":"wallet_connected","event_params":[{"key":'
    '"wallet","value":{"string_value":"' + _ADDRESS + '"}}],"user_pseudo_id":"1234.5678"}',
    {
        "time": ("event_timestamp",),
        "host": ("device.web_info.hostname",),
        "target": ("event_params[page_location]",),
        "referer": ("event_params[page_referrer]",),
        "session": ("user_id", "user_pseudo_id"),
        "event": ("event_name",),
        "version": ("app_info.version", "event_params[app_version]", "event_params[version]"),
        "address": (*_pairs("event_params", "user_properties"), "user_id"),
    },
    marks=(("event_timestamp",), ("event_name",), ("user_pseudo_id", "event_params", "event_date")),
    limits=_LEFT_OUT,
    events=True,
)

_ISSUED = r" ~ (?m)^Issued At: (\S+)"
_SIGNED_IN = r" ~ ^([^\n ]{1,253}) wants you to sign in with your Ethereum account"
_SAID = ("message", "siwe_message", "siweMessage", "siwe.message", "body.message")
SIWE = Layout(
    "siwe",
    "Sign-in with Ethereum (EIP-4361), messages or sessions as JSON lines",
    '{"message":"examplewallet.com wants you to sign in with your Ethereum account:\\n'
    + _ADDRESS
    + '\\n\\nURI: https://examplewallet.com\\nVersion: 1\\nChain ID: 1\\nNonce: 32891756\\nIssued At: 2026-03-04T09:12:00Z"}',
    {
        "time": (
            *(
                "time",
                "timestamp",
                "created_at",
                "createdAt",
                "issued_at",
                "issuedAt",
                "siwe.issuedAt",
                "session.siwe.issuedAt",
            ),
            *(said + _ISSUED for said in _SAID),
        ),
        "ip": ("ip", "ip_address", "ipAddress", "remote_addr"),
        "host": (*(said + _SIGNED_IN for said in _SAID), "domain", "siwe.domain", "session.siwe.domain"),
        "ua": ("user_agent", "userAgent"),
        "session": ("session_id", "sessionId", "sid", "session.id", "nonce", "siwe.nonce", "session.siwe.nonce"),
        "event": ("event",),
        "address": (*_in("", "siwe", "session.siwe", "session"), *_SAID),
    },
    marks=(
        (
            *(said + _SIGNED_IN for said in _SAID),
            "siwe.nonce",
            "siwe.domain",
            "session.siwe.nonce",
            "issuedAt",
            "issued_at",
        ),
    ),
    event="sign_in",
    events=True,
)

PLAIN = Layout(
    "plain",
    "a table of events: time, address, event, session, version, and whatever fields = {...} names",
    '{"time":"2026-03-04T09:12:00Z","address":"'
    + _ADDRESS
    + '","event":"wallet_connected","session":"81f2","version":"2.68.0"}',
    {
        "time": ("time", "timestamp", "ts", "created_at", "createdAt", "date", "datetime"),
        "ip": ("ip", "ip_address"),
        "forwarded": ("forwarded",),
        "host": ("host",),
        "method": ("method",),
        "path": ("path", "url"),
        "query": ("query",),
        "status": ("status",),
        "bytes": ("bytes",),
        "referer": ("referer", "referrer"),
        "ua": ("user_agent", "ua"),
        "session": ("session", "session_id", "user_id"),
        "event": ("event", "event_name", "name", "type"),
        "version": ("version", "app_version", "release"),
        "address": _in(""),
    },
    marks=(
        ("time", "timestamp", "ts", "created_at", "createdAt", "date", "datetime"),
        (*_in(""), "event", "event_name"),
    ),
    events=True,
    general=True,
)

EVENTS = (SEGMENT, AMPLITUDE, MIXPANEL, POSTHOG, GA4, SENTRY, SIWE, PLAIN)
