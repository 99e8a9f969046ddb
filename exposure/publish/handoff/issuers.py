"""Tokens whose issuer can freeze an address: contract by chain -> who to ask. Data only.

The addresses are those that the issuers publish. A token that is not here may have an issuer too: then its team is asked.
"""

# What Circle, Tether, Paxos, Gemini and TrueUSD issue themselves; bridged copies are frozen by nobody.
ISSUERS: dict[tuple[int, str], str] = {
    (1, "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"): "circle",
    (1, "0x1abaea1f7c830bd89acc67ec4af516284b1bc33c"): "circle",
    (10, "0x0b2c639c533813f4aa9d7837caf62653d097ff85"): "circle",
    (137, "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"): "circle",
    (8453, "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"): "circle",
    (8453, "0x60a3e35cc302bfa44cb288bc5a4f316fdb1adb42"): "circle",
    (42161, "0xaf88d065e77c8cc2239327c5edb3a432268e5831"): "circle",
    (43114, "0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e"): "circle",
    (1, "0xdac17f958d2ee523a2206206994597c13d831ec7"): "tether",
    (43114, "0x9702230a8ea53601f5cd2dc00fdbc13d4df4a8c7"): "tether",
    (1, "0x6c3ea9036406852006290770bedfcaba0e23a0e8"): "paxos",
    (1, "0x8e870d67f660d95d5be530380d0ec0bd388289e1"): "paxos",
    (1, "0x4fabb145d64652a948d72533023f6e7a623c7c53"): "paxos",
    (1, "0x056fd409e1d7a124bd7017459dfea2f387b6d5cd"): "gemini",
    (1, "0x0000000000085d4780b73119b644ae5ecd22b376"): "trueusd",
}
# Whoever issues a token that is not listed above.
OTHERS = "others"
