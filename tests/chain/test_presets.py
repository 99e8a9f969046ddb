"""The chains that an incident may call by name."""

from exposure.chain.presets import CHAINS, preset_of


def test_names_and_ids_are_unique_and_addresses_are_lowercase() -> None:
    """A chain that stands twice would be asked twice, and its losses counted twice."""
    ids = [chain.id for chain in CHAINS.values()]
    assert sorted(set(ids)) == sorted(ids)
    assert [] == [name for name, chain in CHAINS.items() if name != chain.name]
    assert [] == [
        chain.name
        for chain in CHAINS.values()
        if len(chain.multicall) != 42 or chain.multicall != chain.multicall.lower()
    ]
    assert [] == [chain.name for chain in CHAINS.values() if chain.block_seconds <= 0]


def test_a_chain_that_nobody_named_still_has_a_preset() -> None:
    """An id is enough."""
    assert (987654, "chain-987654", "ETH") == ((found := preset_of(987654)).id, found.name, found.symbol)
    assert "ethereum" == preset_of(1).name
