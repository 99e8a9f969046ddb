"""Services that are known by name, so that a trail of money stops there whatever the blocks that were read show. Data only.

Few and famous: what most services are is told by their traffic (trail.py). Sources: Tornado Cash's pools and routers as OFAC
listed them in August 2022 (delisted in March 2025, and still what they are); the routers of THORChain, Uniswap and 1inch as
their projects publish them; Binance's hot wallets as Etherscan labels them.
"""

_MAINNET = {
    "0x12d66f87a04a9e220743712ce6d9bb1b5616b8fc": "Tornado Cash, 0.1 ETH",
    "0x47ce0c6ed5b0ce3d3a51fdb1c52dc66a7c3c2936": "Tornado Cash, 1 ETH",
    "0x910cbd523d972eb0a6f4cae4618ad62622b39dbf": "Tornado Cash, 10 ETH",
    "0xa160cdab225685da1d56aa342ad8841c3b53f291": "Tornado Cash, 100 ETH",
    "0x722122df12d4e14e13ac3b6895a86e84145b6967": "Tornado Cash, router",
    "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b": "Tornado Cash, router",
    "0xd37bbe5744d730a1d98d8dc97c42f0ca46ad7146": "THORChain, router",
    "0x7a250d5630b4cf539739df2c5dacb4c659f2488d": "Uniswap, router 2",
    "0xe592427a0aece92de3edee1f18e0157c05861564": "Uniswap, router 3",
    "0x3fc91a3afd70395cd496c647d5a6cc9d4b2b7fad": "Uniswap, universal router",
    "0x1111111254eeb25477b68fb85ed929f73a960582": "1inch, router 5",
    "0x28c6c06298d514db089934071355e5743bf21d60": "Binance, hot wallet",
    "0x21a31ee1afc51d94c2efccaa2092ad1028285549": "Binance, hot wallet",
}
_BY_CHAIN = {1: _MAINNET}


def service_name(chain_id: int, address: str) -> str | None:
    """Give the name of a service; None where the address is not known."""
    return _BY_CHAIN.get(chain_id, {}).get(address)
