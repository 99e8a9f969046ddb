"""The only module that knows web3: one HTTP exchange with one endpoint, its refusals classified, nothing of its URL shown.

The stock AsyncHTTPProvider loses the body of an HTTP 400, 413 or 429 (where providers say which range would work), retries by
itself, and decodes with formatters that cost a hundred times the parse. This one keeps web3's encoding and gives raw bytes.
"""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import msgspec
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.types import RPCEndpoint, RPCResponse

from exposure.chain.reactions import Kind, Reaction, classify
from exposure.chain.redact import clean, redact, secrets_of
from exposure.chain.wire import Envelope, WireError

__all__ = ["Answer", "ChainProvider", "RefusedError", "redact"]

# One answer of a large provider may be 150 MB; what is larger is asked for in smaller pieces.
MOST_BYTES = 256 * 2**20
_JSON_STARTS = (b"{", b"[")
_NOTHING = (msgspec.Raw(), msgspec.Raw(b"null"))


class RefusedError(Exception):
    """An endpoint did not answer: how to react, and its words, fit to be shown.

    `of_call` says that the exchange went well and the refusal is about this one call.
    """

    def __init__(self, reaction: Reaction, shown: str, *, of_call: bool = False) -> None:
        super().__init__(shown)
        self.reaction = reaction
        self.shown = shown
        self.of_call = of_call

    @property
    def kind(self) -> Kind:
        """Give what the refusal asks of us."""
        return self.reaction.kind


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ChainProvider(AsyncHTTPProvider):
    """web3's transport to one endpoint, with bodies and headers kept. Its text forms show the URL redacted only."""

    def __init__(self, url: str, *, timeout: float = 30.0, connections: int = 16, most_bytes: int = MOST_BYTES) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self.name = redact(url)
        self._url = url
        self._secrets = secrets_of(url)
        self._timeout = timeout
        self._connections = connections
        self._most_bytes = most_bytes
        self._session: aiohttp.ClientSession | None = None
        self.exchanges = 0

    def __str__(self) -> str:
        return f"RPC connection {self.name}"

    def __repr__(self) -> str:
        return f"<ChainProvider {self.name}>"

    def clean(self, text: str) -> str:
        """Make this endpoint's words fit to be shown."""
        return clean(text, self._secrets)

    def refused(self, kind: Kind, text: str, *, of_call: bool = False) -> RefusedError:
        """Make an error of our own finding."""
        return RefusedError(Reaction(kind, text), self.clean(text), of_call=of_call)

    async def __aenter__(self) -> "ChainProvider":
        timeout = aiohttp.ClientTimeout(total=4 * self._timeout, sock_connect=self._timeout, sock_read=self._timeout)
        # The proxy of the environment is for the outside; a node on this machine is reached directly.
        local = any(f"//{host}" in self.name for host in ("127.0.0.1", "localhost", "[::1]"))
        self._session = aiohttp.ClientSession(
            timeout=timeout, trust_env=not local, connector=aiohttp.TCPConnector(limit=self._connections)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, body: bytes) -> Answer:
        """Send one request body and give the answer. Raises RefusedError where there is none."""
        assert self._session is not None
        self.exchanges += 1
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip", "User-Agent": "exposure"}
        try:
            # A redirect would carry the request, and with it whom we suspect, to a host that nobody named.
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                content = await self._read(response)
                return Answer(response.status, response.headers, content)
        except TimeoutError:
            raise self.refused(Kind.HALVE, f"no answer within {self._timeout:g} seconds") from None
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            # These errors' texts may hold the URL.
            raise self.refused(Kind.RETRY, _connection_words(error)) from None

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks, read = [], 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            read += len(chunk)
            if read > self._most_bytes:
                raise self.refused(Kind.HALVE, f"the answer is larger than {self._most_bytes:,} bytes")
        return b"".join(chunks)

    async def ask(self, method: str, params: Sequence[Any]) -> msgspec.Raw:
        """Call one method; give its undecoded result. Raises RefusedError."""
        answer = await self.post(self.encode_rpc_request(RPCEndpoint(method), params))
        return self._result(self._one(answer), answer)

    async def ask_batch(self, method: str, rows: Sequence[Sequence[Any]]) -> list[msgspec.Raw | RefusedError]:
        """Call one method for each row of parameters in one exchange; a row that is refused gives its error."""
        requests = [self.form_request(RPCEndpoint(method), row) for row in rows]
        answer = await self.post(self.encode_batch_request_dicts(requests))
        try:
            envelopes = msgspec.json.decode(answer.body, type=list[Envelope])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            # One object for the whole batch: a refusal, or a node that knows no batches.
            self._result(self._one(answer), answer)
            raise self.refused(Kind.SMALLER_BATCH, "one answer for a whole batch") from None
        by_id = {envelope.id: envelope for envelope in envelopes if isinstance(envelope.id, int)}
        return [self._row(by_id.get(cast(int, request["id"])), answer) for request in requests]

    def _row(self, envelope: Envelope | None, answer: Answer) -> msgspec.Raw | RefusedError:
        if envelope is None:
            return self.refused(Kind.RETRY, "an answer is missing in a batch")
        try:
            return self._result(envelope, answer)
        except RefusedError as error:
            return error

    def _one(self, answer: Answer) -> Envelope:
        """Decode one answer. Raises RefusedError where it is not JSON-RPC."""
        start = answer.body.lstrip()[:1]
        if start in _JSON_STARTS:
            try:
                return msgspec.json.decode(answer.body, type=Envelope)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                pass
        what = "HTML, not JSON-RPC" if start == b"<" else "something that is not JSON-RPC"
        # A page's words ("too many", "limit") are about the page: only the status counts. An outage's page is worth a retry.
        retry_after = answer.headers.get("Retry-After")
        reaction = classify("", status=answer.status, retry_after=retry_after)
        if reaction.kind in (Kind.FATAL, Kind.PARK):
            reaction = Reaction(Kind.RETRY, "")
        raise RefusedError(reaction, f"it answers {what} (HTTP {answer.status})")

    def _result(self, envelope: Envelope, answer: Answer) -> msgspec.Raw:
        if envelope.error is None and answer.status < 400:
            if envelope.result in _NOTHING:
                # What a node does not know yet it answers with null: a block, a transaction, a receipt.
                raise self.refused(Kind.WAIT, "it answers null", of_call=True)
            return envelope.result
        text, code = _words(envelope.error)
        reaction = classify(text, code=code, status=answer.status, retry_after=answer.headers.get("Retry-After"))
        status = f" (HTTP {answer.status})" if answer.status != 200 else ""
        raise RefusedError(
            reaction, self.clean(text or "it gives no reason") + status, of_call=envelope.error is not None
        )

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Serve web3's own modules: the same exchange, decoded as they expect it."""
        raw = await self.ask(method, params)
        try:
            result = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise self.refused(Kind.RETRY, f"the result of {method} cannot be read") from None
        return cast(RPCResponse, {"jsonrpc": "2.0", "id": 0, "result": result})

    async def chain_id(self) -> int:
        """Ask which chain this endpoint serves, through web3."""
        web3 = AsyncWeb3(self, middleware=[])
        try:
            found = int(await web3.eth.chain_id)
        except (ValueError, TypeError):
            found = 0
        if not 0 < found < 2**63:
            raise self.refused(Kind.RETRY, "its chain id cannot be read")
        return found


def _words(error: object) -> tuple[str, int | None]:
    """Give all the text of a JSON-RPC error, and its code."""
    if error is None:
        return "", None
    try:
        read = msgspec.convert(error, WireError, strict=False)
    except (msgspec.ValidationError, RecursionError):
        return str(error)[:4_000], None
    parts = [str(part)[:4_000] for part in (read.message, read.data) if part not in (None, "", {}, [])]
    return " ".join(parts), read.code if isinstance(read.code, int) else None


def _connection_words(error: BaseException) -> str:
    """Say in our own words why a connection failed."""
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "its certificate or TLS cannot be trusted"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known (DNS)"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return "the proxy of the environment cannot be reached"
    if isinstance(error, aiohttp.ClientConnectorError):
        refused = isinstance(error.os_error, ConnectionRefusedError)
        return "the connection was refused" if refused else "no connection could be made"
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return "its URL is not one that can be asked"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | ConnectionResetError):
        return "the connection broke off"
    return f"the exchange failed ({type(error).__name__})"
