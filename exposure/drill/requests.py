"""Visits -> the requests that they send. What a wallet's owner did shows only through these."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from eth_utils.address import to_checksum_address

from exposure.drill.browsers import Load, serves_bad
from exposure.drill.dice import Dice
from exposure.drill.ledger import Transaction
from exposure.drill.scenario import DAY, HOUR, Scenario
from exposure.drill.sites import Asset, Site
from exposure.drill.visits import Act, Visit

_TRANSFER = bytes.fromhex("a9059cbb")
_SEARCH = ("https://www.google.com/", "https://duckduckgo.com/", "https://t.co/", "-", "-", "-", "-")
_POLL_SECONDS = 30
_MOST_POLLS = 16
IDENTITY, GZIP, BROTLI = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `target` is path and query as sent; `size` is that of the body; `place`: page, api or static."""

    time: float
    ip: str
    agent: str
    method: str
    target: str
    status: int
    size: int
    referer: str
    place: str
    content_type: str = "application/json"
    cache: str = "dynamic"


def spell(address: str, style: str) -> str:
    """Write an address as a browser or a server framework may: checksummed, lowercase, uppercase or percent-encoded."""
    checksummed = _checksum(address)
    if style == "lower":
        return address
    if style == "upper":
        return "0x" + address[2:].upper()
    return "%30%78" + checksummed[2:] if style == "encoded" else checksummed


def requests_of(
    scenario: Scenario, visit: Visit, load: Load, sent: list[Transaction], hashes: Mapping[Transaction, str]
) -> Iterator[Request]:
    """Give what one visit sends, in no particular order."""
    return _Browser(scenario, visit, load).requests(sent, hashes)


def encoding_of(agent: str) -> int:
    """Say how a client gets text files: browsers in brotli or gzip, programs as they are."""
    if not agent.startswith("Mozilla/5.0 (") or "compatible" in agent:
        return IDENTITY
    return GZIP if Dice("encoding", agent).chance(0.2) else BROTLI


def size_of(scenario: Scenario, asset: Asset, time: float, encoding: int) -> int:
    """Give the size of a file's body as it is served at a time. One file changes for good, by an ordinary deploy."""
    size = asset.sizes[encoding]
    if asset.path == scenario.site.asset.path and serves_bad(scenario, time):
        size += asset.added[encoding]
    deployed = scenario.logs.start + 2 * DAY + 9 * HOUR
    return size + 388 // (1 + 3 * encoding) if asset.path.endswith(".css") and time >= deployed else size


@cache
def _checksum(address: str) -> str:
    return to_checksum_address(address)


class _Browser:
    """One visit's browser: it knows what it sends with every request."""

    def __init__(self, scenario: Scenario, visit: Visit, load: Load) -> None:
        self.scenario, self.visit, self.load = scenario, visit, load
        self.site: Site = scenario.site
        self.dice = Dice(scenario.preset, scenario.seed, "requests", visit.name)
        self.encoding = encoding_of(visit.person.agent)
        self.origin = f"https://{self.site.host}"
        own = Dice(scenario.preset, scenario.seed, "habits", visit.person.name)
        # Some clients name the account with every call, others leave it to the server's session.
        self.names_account = own.chance(0.75 if self.site.kind == "dapp" else 0.5)
        self.plain_names = own.chance(0.5)

    def requests(self, sent: list[Transaction], hashes: Mapping[Transaction, str]) -> Iterator[Request]:
        landing = self._landing()
        yield self._page(landing)
        page = self.origin + landing
        yield from self._files(page)
        start = self.visit.start
        for number, target in enumerate(("/api/config", "/api/prices?ids=eth,usdx,gov", "/api/gas")):
            yield self._api(start + 0.8 + 0.2 * number, target, page)
        for act in self.visit.acts:
            yield self._act(act, page)
            if act.ok:
                page = self._account_page(act.wallet.address)
                yield from self._looks(act.time + 0.6, page)
        for transaction in sent:
            yield from self._transaction(transaction, hashes[transaction], page)
        yield from self._polls(page)

    def _landing(self) -> str:
        """Choose the page that the visit begins with: by hand, by a bookmark with the account, or by a link to it."""
        if not self.visit.deep:
            return "/" if self.dice.chance(0.6) else self.site.page
        name = spell(self.visit.shown[0].address, self.visit.person.spelling)
        forms = (f"{self.site.page}/{name}", f"{self.site.page}?account={name}&tab=tokens", self._nested(name))
        return self.dice.weighted(forms, (0.5, 0.3, 0.2))

    def _nested(self, name: str) -> str:
        """Put the account's page into a parameter, as a login does: encoded once, or twice behind another redirect."""
        once = quote(f"{self.site.page}/{name}?ref=mail", safe="")
        return f"/login?next={once}" if self.dice.chance(0.6) else f"/out?to={quote(f'/login?next={once}', safe='')}"

    def _account_page(self, address: str) -> str:
        name = spell(address, self.visit.person.spelling)
        shown = f"/{name}" if self.site.kind == "wallet" else f"?account={name}"
        return f"{self.origin}{self.site.page}{shown}" if self.plain_names else f"{self.origin}{self.site.page}"

    def _page(self, landing: str) -> Request:
        size = (6_212, 2_288, 1_987)[self.encoding]
        return self._request(self.visit.start, "GET", landing, 200, size, self.dice.pick(_SEARCH), "page", "text/html")

    def _files(self, page: str) -> Iterator[Request]:
        time = self.visit.start
        if self.load.fetch != "cached":
            yield self._file(self.site.asset, time + 0.15, page, unchanged=self.load.fetch == "unchanged")
        for number, other in enumerate(self.site.others):
            if self.load.first or self.dice.chance(0.12):
                unchanged = not self.load.first and self.dice.chance(0.8)
                yield self._file(other, time + 0.2 + 0.05 * number, page, unchanged=unchanged)

    def _file(self, asset: Asset, time: float, page: str, *, unchanged: bool) -> Request:
        size = 0 if unchanged else size_of(self.scenario, asset, self.visit.start, self.encoding)
        cache = "revalidated" if unchanged else "hit" if self.dice.chance(0.96) else "miss"
        return self._request(
            time, "GET", asset.path, 304 if unchanged else 200, size, page, "static", asset.content_type, cache
        )

    def _api(
        self, time: float, target: str, page: str, size: int = 0, method: str = "GET", status: int = 200
    ) -> Request:
        size = size or self.dice.integer(120, 900)
        if status == 200 and self.dice.chance(0.003):
            status, size = self.dice.pick(((502, 157), (504, 167), (429, 89)))
        return self._request(time, method, target, status, size, page, "api")

    def _act(self, act: Act, page: str) -> Request:
        target, name = act.action.path, spell(act.wallet.address, self.visit.person.spelling)
        if target.endswith("/"):
            target += name
        elif self.names_account:
            target += f"?account={name}"
        if act.action.name == "deposited":
            target += ("&" if "?" in target else "?") + "pool=usdx-gov"
        status = 200 if act.ok else self.dice.pick((401, 401, 422))
        size = self.dice.integer(180, 420) if act.ok else 61
        return self._request(act.time, act.action.method, target, status, size, page, "api")

    def _looks(self, time: float, page: str) -> Iterator[Request]:
        for number, wallet in enumerate(self.visit.shown):
            name, later = spell(wallet.address, self.visit.person.spelling), time + 0.4 * number
            yield self._api(later, self.site.look.path + name, page)
            yield self._api(later + 0.1, f"/api/tokens?account={name}", page)
            yield self._api(later + 0.2, f"/api/history/{name}?limit=20&page=1", page)

    def _transaction(self, transaction: Transaction, hash_: str, page: str) -> Iterator[Request]:
        """Send it through the site, and ask after it: hashes of transactions stand in paths too."""
        time = transaction.time - self.dice.uniform(2, 9)
        to = None if transaction.data else transaction.to
        if transaction.data.startswith(_TRANSFER):
            to = "0x" + transaction.data[16:36].hex()
        if to and self.dice.chance(self.scenario.logs.checks):
            yield self._api(
                time - self.dice.uniform(4, 15), f"/api/check?to={spell(to, self.visit.person.spelling)}", page
            )
        if self.site.kind == "wallet":
            yield self._api(time, "/api/tx/broadcast", page, method="POST")
        for number in range(self.dice.integer(1, 4)):
            yield self._api(time + 4 + 7 * number, f"/api/tx/{hash_}", page)

    def _polls(self, page: str) -> Iterator[Request]:
        first, last = self.visit.acts[-1].time, self.visit.start + self.visit.length
        count = min(int((last - first) / _POLL_SECONDS), _MOST_POLLS)
        name = spell(self.visit.shown[0].address, self.visit.person.spelling)
        for number in range(1, count + 1):
            time = first + number * _POLL_SECONDS + self.dice.uniform(0, 0.4)
            yield self._api(time, self.site.look.path + name, page, size=self.dice.integer(130, 150))
            if number % 2:
                yield self._api(time + 0.1, "/api/gas", page, size=self.dice.integer(95, 99))

    def _request(
        self,
        time: float,
        method: str,
        target: str,
        status: int,
        size: int,
        referer: str,
        place: str,
        content_type: str = "application/json",
        cache: str = "dynamic",
    ) -> Request:
        ip, agent = self.visit.ip, self.visit.person.agent
        return Request(round(time, 3), ip, agent, method, target, status, size, referer, place, content_type, cache)
