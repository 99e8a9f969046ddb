"""Requests that no wallet's owner sends: uptime checks, visitors without a wallet, bots, scanners, and the curious."""

from collections.abc import Iterator, Sequence

from exposure.drill.devices import ip_address, user_agent
from exposure.drill.dice import Dice
from exposure.drill.keys import stranger
from exposure.drill.requests import IDENTITY, Request, encoding_of, size_of, spell
from exposure.drill.scenario import DAY, HOUR, Scenario
from exposure.drill.sites import Asset
from exposure.drill.visits import moment

_MONITOR = "Mozilla/5.0 (compatible; UptimeCheck/2.1; +https://uptime.example/bot)"
_CRAWLER = "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://search.example/bot.html)"
_SCRIPT = "python-requests/2.32.5"
_SCANNED = (
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/admin",
    "/phpmyadmin/index.php",
    "/xmlrpc.php",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/actuator/health",
    "/api/v1/pods",
    "/server-status",
    "/owa/auth/logon.aspx",
    "/config.json",
    "/backup.zip",
)


def strangers(scenario: Scenario, wallets: Sequence[str], attackers: Sequence[str]) -> Iterator[Request]:
    """Give all of them. `wallets` are our people's addresses, some of which bots know; `attackers` are looked up by the curious."""
    yield from _monitors(scenario)
    yield from _passers_by(scenario)
    yield from _bot(scenario, wallets)
    yield from _scanners(scenario)
    yield from _crawler(scenario)
    yield from _curious(scenario, attackers)
    yield from _poison(scenario)


def _dice(scenario: Scenario, *names: object) -> Dice:
    return Dice(scenario.preset, scenario.seed, *names)


def _monitors(scenario: Scenario) -> Iterator[Request]:
    """Fetch the file every minute, from one or two places; they look at the status, not at the content."""
    asset = scenario.site.asset
    for number in range(scenario.logs.monitors):
        dice = _dice(scenario, "monitor", number)
        ip = f"192.0.2.{10 + number}"
        time = scenario.logs.start + 7.0 + 30 * number
        while time < scenario.logs.end:
            size = size_of(scenario, asset, time, IDENTITY)
            yield _static(time, ip, _MONITOR, asset, size, "-")
            time += 60 + dice.uniform(-0.9, 0.9)


def _passers_by(scenario: Scenario) -> Iterator[Request]:
    """Let people read the front page and leave."""
    site, origin = scenario.site, f"https://{scenario.site.host}/"
    for number in range(scenario.logs.passers_by):
        dice = _dice(scenario, "passer-by", number)
        agent, ip = user_agent(dice, dice.chance(0.5)), ip_address(dice)
        time, encoding = moment(dice, scenario.logs.start, scenario.logs.days), encoding_of(agent)
        referer = dice.pick(("https://www.google.com/", "-", "https://t.co/", "https://news.example/wallets"))
        if dice.chance(0.02):  # somebody follows a link from an explorer: the address there is not theirs
            referer = f"https://explorer.example/address/{spell(stranger('seen', number), 'checksum')}"
        yield Request(time, ip, agent, "GET", "/", 200, (6_212, 2_288, 1_987)[encoding], referer, "page", "text/html")
        for place, asset in enumerate((site.asset, *dice.sample(site.others, 3))):
            size = size_of(scenario, asset, time, encoding)
            yield _static(time + 0.2 + 0.1 * place, ip, agent, asset, size, origin)
        yield Request(time + 1, ip, agent, "GET", "/api/config", 200, 611, origin, "api")


def _bot(scenario: Scenario, wallets: Sequence[str]) -> Iterator[Request]:
    """Ask for hundreds of balances, twice: some belong to our people, as they would on any list of rich addresses."""
    logs = scenario.logs
    dice = _dice(scenario, "bot")
    known = dice.sample(list(wallets), int(logs.bot_addresses * logs.bot_known))
    others = [stranger(scenario.preset, scenario.seed, "bot", n) for n in range(logs.bot_addresses - len(known))]
    listed = dice.shuffled([*known, *others])
    second = scenario.attack.t1 + HOUR if scenario.attack else logs.start + DAY + 9 * HOUR
    for start in (logs.start + dice.uniform(2, 9) * HOUR, second):
        time = float(start)
        for address in listed:
            time += dice.uniform(0.4, 3)
            target = scenario.site.look.path + address
            yield Request(round(time, 3), "198.18.7.9", _SCRIPT, "GET", target, 200, dice.integer(120, 160), "-", "api")


def _scanners(scenario: Scenario) -> Iterator[Request]:
    for number in range(scenario.logs.scanners):
        dice = _dice(scenario, "scanner", number)
        ip, time = ip_address(dice), scenario.logs.start + dice.uniform(0, scenario.logs.days * DAY - HOUR)
        agent = dice.pick(("curl/8.5.0", "Mozilla/5.0", "Go-http-client/1.1", "-"))
        for target in dice.sample(_SCANNED, dice.integer(4, len(_SCANNED))):
            time += dice.uniform(0.2, 4)
            yield Request(round(time, 3), ip, agent, "GET", target, 404, 153, "-", "page", "text/html")


def _crawler(scenario: Scenario) -> Iterator[Request]:
    """Read pages, ask for the head of files and for parts of them: not every answer is a whole file."""
    dice = _dice(scenario, "crawler")
    asset, time = scenario.site.asset, float(scenario.logs.start)
    while time < scenario.logs.end - HOUR:
        time = round(time + dice.uniform(600, 4000), 3)
        kind = dice.pick(("page", "head", "part"))
        if kind == "page":
            yield Request(time, "192.0.2.66", _CRAWLER, "GET", "/about", 200, 5_902, "-", "page", "text/html")
        elif kind == "head":
            yield Request(
                time, "192.0.2.66", _CRAWLER, "HEAD", asset.path, 200, 0, "-", "static", asset.content_type, "hit"
            )
        else:
            size = dice.integer(1_000, 60_000)
            yield Request(
                time, "192.0.2.66", _CRAWLER, "GET", asset.path, 206, size, "-", "static", asset.content_type, "hit"
            )


def _curious(scenario: Scenario, attackers: Sequence[str]) -> Iterator[Request]:
    """Let somebody look the attacker's addresses up once they are public: that makes no user of the attacker."""
    notice = scenario.notice
    if notice is None:
        return
    dice = _dice(scenario, "curious")
    ip, agent = ip_address(dice), user_agent(dice, mobile=False)
    for address in attackers:
        time = notice + dice.uniform(0.2, 3) * HOUR
        if time < scenario.logs.end:
            target = scenario.site.look.path + spell(address, "checksum")
            referer = f"https://{scenario.site.host}{scenario.site.page}"
            yield Request(round(time, 3), ip, agent, "GET", target, 200, 141, referer, "api")


def _poison(scenario: Scenario) -> Iterator[Request]:
    """Claim X for addresses by the hundred: anybody can write into a log."""
    attack = scenario.attack
    if attack is None:
        return
    dice = _dice(scenario, "poison")
    action, time = scenario.site.action(attack.x), attack.t1 + 900.0
    for number in range(scenario.logs.poison):
        time += dice.uniform(1, 5)
        target = (
            f"{action.path}?account={spell(stranger(scenario.preset, scenario.seed, 'poison', number), 'checksum')}"
        )
        yield Request(round(time, 3), "198.19.250.3", "curl/8.5.0", action.method, target, 401, 61, "-", "api")


def _static(time: float, ip: str, agent: str, asset: Asset, size: int, referer: str) -> Request:
    return Request(
        round(time, 3), ip, agent, "GET", asset.path, 200, size, referer, "static", asset.content_type, "hit"
    )
