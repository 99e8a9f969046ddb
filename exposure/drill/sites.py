"""The two made-up sites of the drills: what can be done there, and by which requests it shows. Data only."""

from dataclasses import dataclass, replace

from exposure.incident import Exposure

# An action's `share` is, for a way in, the part of the people who prefer it; for what one does then, the chance per visit.


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a person does on the site, and the request that it sends."""

    name: str
    words: str
    exposure: Exposure
    method: str
    path: str
    share: float


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file: its size as it is, gzipped, and in brotli, and how much the malicious version adds to each."""

    path: str
    content_type: str
    sizes: tuple[int, int, int]
    added: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Site:
    """A site. `ways_in` are alternatives, `errands` may follow; `look` is sent for every wallet on the screen."""

    kind: str
    host: str
    name: str
    page: str
    ways_in: tuple[Action, ...]
    errands: tuple[Action, ...]
    look: Action
    asset: Asset
    others: tuple[Asset, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """Give every action, most specific first, as incident.toml lists them."""
        return (*self.ways_in, *self.errands, self.look)

    def action(self, name: str) -> Action:
        """Find an action by name."""
        return next(action for action in self.actions if action.name == name)

    def with_build(self, build: str) -> "Site":
        """Give the site with the hash of another build in the malicious file's name."""
        return replace(self, asset=replace(self.asset, path=self.asset.path.replace("BUILD", build)))


_APP = Asset("/static/app.BUILD.js", "application/javascript", (412_338, 128_411, 104_992), added=(3_127, 1_243, 1_068))
_OTHERS = (
    Asset("/static/vendor.5d41c9a0.js", "application/javascript", (981_220, 301_774, 262_117)),
    Asset("/static/app.8c1f03de.css", "text/css", (88_914, 17_206, 14_031)),
    Asset("/static/fonts/inter.var.woff2", "font/woff2", (227_180, 227_180, 227_180)),
    Asset("/static/img/logo.svg", "image/svg+xml", (3_190, 1_312, 1_120)),
    Asset("/static/i18n/en.json", "application/json", (41_802, 12_044, 10_377)),
    Asset("/favicon.ico", "image/x-icon", (15_086, 15_086, 15_086)),
)

WALLET_SITE = Site(
    kind="wallet",
    host="examplewallet.com",
    name="ExampleWallet",
    page="/wallet",
    ways_in=(
        Action("entered_seed_phrase", "entered your recovery phrase", "key", "POST", "/api/unlock/mnemonic", 0.45),
        Action("unlocked_keystore", "unlocked a keystore file", "key", "POST", "/api/unlock/keystore", 0.16),
        Action("imported_private_key", "pasted a private key", "key", "POST", "/api/unlock/private-key", 0.09),
        Action(
            "connected_hardware_wallet", "connected a hardware wallet", "none", "POST", "/api/connect/hardware", 0.14
        ),
        Action("connected_browser_wallet", "connected a browser wallet", "none", "POST", "/api/connect/injected", 0.1),
        Action("watched_address", "looked at an address without unlocking it", "none", "GET", "/api/watch/", 0.06),
    ),
    errands=(Action("sent_transaction", "sent a transaction", "none", "POST", "/api/tx/broadcast", 0.2),),
    look=Action("viewed_balance", "viewed your balance", "none", "GET", "/api/balance/", 1.0),
    asset=_APP,
    others=_OTHERS,
)

DAPP_SITE = Site(
    kind="dapp",
    host="app.exampleswap.com",
    name="ExampleSwap",
    page="/pools",
    ways_in=(Action("connected_wallet", "connected your wallet", "none", "POST", "/api/session", 1.0),),
    errands=(
        Action("claimed_rewards", "claimed rewards", "approval", "POST", "/api/claim", 0.24),
        Action("deposited", "made a deposit", "approval", "POST", "/api/deposit", 0.2),
        Action("swapped", "swapped tokens", "approval", "POST", "/api/swap", 0.3),
        Action("voted", "voted on a proposal", "approval", "POST", "/api/vote", 0.08),
    ),
    look=Action("viewed_positions", "viewed your positions", "none", "GET", "/api/positions/", 1.0),
    asset=_APP,
    others=_OTHERS,
)
