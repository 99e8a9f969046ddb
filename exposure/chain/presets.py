"""The EVM chains that are known by name: ids, native assets, explorers, block times. Data only.

Ids and symbols are those of ethereum-lists/chains; block times are what the chain aims at, and only a first guess where a
search by time begins: the search corrects itself on the block times that it meets.
"""

from dataclasses import dataclass

# Multicall3 (mds1/multicall3) stands at this address on nearly every chain; where code is missing there, single calls serve.
MULTICALL3 = "0xca11bde05977b3631167028862be2a173976ca11"


@dataclass(frozen=True, slots=True)
class Preset:
    """One chain. `explorer` is the base URL (its pages are /address/… and /tx/…), empty where there is none."""

    id: int
    name: str
    symbol: str
    explorer: str
    block_seconds: float
    multicall: str = MULTICALL3


_ALL = (
    Preset(1, "ethereum", "ETH", "https://etherscan.io", 12.0),
    Preset(42161, "arbitrum", "ETH", "https://arbiscan.io", 0.25),
    Preset(42170, "arbitrum-nova", "ETH", "https://nova.arbiscan.io", 0.25),
    Preset(43114, "avalanche", "AVAX", "https://snowtrace.io", 2.0),
    Preset(8453, "base", "ETH", "https://basescan.org", 2.0),
    Preset(80094, "berachain", "BERA", "https://berascan.com", 2.0),
    Preset(81457, "blast", "ETH", "https://blastscan.io", 2.0),
    Preset(56, "bsc", "BNB", "https://bscscan.com", 0.75),
    Preset(42220, "celo", "CELO", "https://celoscan.io", 1.0),
    Preset(25, "cronos", "CRO", "https://cronoscan.com", 5.5),
    Preset(250, "fantom", "FTM", "https://ftmscan.com", 1.0),
    Preset(252, "fraxtal", "FRAX", "https://fraxscan.com", 2.0),
    Preset(100, "gnosis", "XDAI", "https://gnosisscan.io", 5.0),
    Preset(999, "hyperevm", "HYPE", "https://hyperevmscan.io", 1.0),
    Preset(57073, "ink", "ETH", "https://explorer.inkonchain.com", 1.0),
    Preset(59144, "linea", "ETH", "https://lineascan.build", 2.0),
    Preset(5000, "mantle", "MNT", "https://mantlescan.xyz", 2.0),
    Preset(34443, "mode", "ETH", "https://modescan.io", 2.0),
    Preset(1284, "moonbeam", "GLMR", "https://moonscan.io", 6.0),
    Preset(204, "opbnb", "BNB", "https://opbnbscan.com", 0.5),
    Preset(10, "optimism", "ETH", "https://optimistic.etherscan.io", 2.0),
    Preset(137, "polygon", "POL", "https://polygonscan.com", 2.0),
    Preset(1101, "polygon-zkevm", "ETH", "https://zkevm.polygonscan.com", 3.0),
    Preset(2020, "ronin", "RON", "https://app.roninchain.com", 3.0),
    Preset(534352, "scroll", "ETH", "https://scrollscan.com", 3.0),
    Preset(146, "sonic", "S", "https://sonicscan.org", 1.0),
    Preset(130, "unichain", "ETH", "https://uniscan.xyz", 1.0),
    Preset(480, "worldchain", "ETH", "https://worldscan.org", 2.0),
    # zkSync's machine derives addresses in its own way, so the common address is not taken there.
    Preset(324, "zksync", "ETH", "https://explorer.zksync.io", 1.0, "0xf9cda624fbc7e059355ce98a31693d299facd963"),
    Preset(7777777, "zora", "ETH", "https://explorer.zora.energy", 2.0),
    Preset(11155111, "sepolia", "ETH", "https://sepolia.etherscan.io", 12.0),
    Preset(17000, "holesky", "ETH", "https://holesky.etherscan.io", 12.0),
    Preset(31337, "anvil", "ETH", "", 12.0),
)

CHAINS: dict[str, Preset] = {chain.name: chain for chain in _ALL}
# A stolen key is stolen on all chains: these hold nearly all that wallets hold.
COMMON = (
    "ethereum",
    "arbitrum",
    "avalanche",
    "base",
    "bsc",
    "gnosis",
    "linea",
    "optimism",
    "polygon",
    "scroll",
    "zksync",
)
_BY_ID = {chain.id: chain for chain in _ALL}


def preset_of(chain_id: int) -> Preset:
    """Give the chain of that id; one that is not known is `chain-ID` with the native asset called ETH."""
    return _BY_ID.get(chain_id, Preset(chain_id, f"chain-{chain_id}", "ETH", "", 12.0))
