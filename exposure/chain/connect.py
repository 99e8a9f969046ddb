"""[[chain]] of incident.toml -> endpoints that can be asked, with what earlier runs learned of them."""

from urllib.parse import urlsplit

from exposure.chain.client import Client, Endpoint, Patience
from exposure.chain.limits import Limits, Pace
from exposure.chain.parts import Parts
from exposure.chain.redact import redact
from exposure.chain.rpc import ChainProvider
from exposure.errors import ExposureError
from exposure.incident import Chain

_LOCAL = ("127.0.0.1", "localhost", "::1")


def connect(chain: Chain, parts: Parts, patience: Patience) -> Client:
    """Give the client of a chain; nothing is asked yet. Raises ExposureError where no rpc entry can be used."""
    learned = parts.read_limits()
    endpoints, useless = [], []
    for number, entry in enumerate(chain.rpc, 1):
        url = entry.url.get_secret_value().strip()
        wrong = _fault(url, entry.variable, number)
        if wrong:
            useless.append(wrong)
            continue
        provider = ChainProvider(url, timeout=patience.timeout)
        local = (urlsplit(url).hostname or "") in _LOCAL
        limits = Limits.from_dict(learned.get(provider.name))
        trusted = local if entry.trusted is None else entry.trusted
        endpoints.append(Endpoint(provider, trusted, limits, Pace(local=local, known=limits.rate)))
    if not endpoints:
        raise ExposureError(
            f"{chain.name} has no RPC endpoint that can be asked",
            "; ".join(useless),
            "set the variable (export NAME=https://…) or write a URL under [[chain]] rpc in incident.toml, and run again",
        )
    client = Client(chain.name, chain.id, endpoints, patience)
    client.warnings += useless
    return client


def confidant(client: Client, *, allow_untrusted: bool) -> Client | None:
    """Give a client of the same endpoints that asks only those that may learn whom we suspect; None where there are none.

    It shares their limits, pace and warnings, and is open as long as `client` is.
    """
    chosen = [endpoint for endpoint in client.endpoints if endpoint.trusted or allow_untrusted]
    if not chosen:
        return None
    private = Client(client.chain, client.chain_id, chosen, client.patience)
    private.pinned, private.warnings = client.pinned, client.warnings
    return private


def _fault(url: str, variable: str | None, number: int) -> str:
    """Say why an entry cannot be used; empty where it can."""
    if not url:
        return (
            f"the environment variable {variable} is not set, or empty" if variable else f"rpc entry {number} is empty"
        )
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if usable:
        return ""
    origin = f"the environment variable {variable}" if variable else f"rpc entry {number}"
    return f"{origin} holds {redact(url)}, which is not an http or https URL"


def keep_limits(client: Client, parts: Parts) -> None:
    """Keep what was learned of the endpoints for the next run."""
    for endpoint in client.endpoints:
        if endpoint.limits.rate is not None:
            endpoint.limits.rate = round(endpoint.pace.rate, 1)
    learned = {endpoint.name: endpoint.limits.as_dict() for endpoint in client.endpoints if endpoint.ready}
    if learned:
        parts.write_limits({**parts.read_limits(), **learned})
