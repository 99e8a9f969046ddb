"""JSON-RPC's hex texts -> bytes and numbers, and 256-bit numbers in the three columns that cryo gives them. Pure."""

import polars as pl

Schema = dict[str, type[pl.DataType]]


def number(text: str) -> int:
    """Read a quantity."""
    return int(text, 16)


def raw(text: str) -> bytes:
    """Read data."""
    return bytes.fromhex(text[2:])


def spelled(value: bytes) -> str:
    """Write data."""
    return "0x" + value.hex()


def decoded_text(answer: bytes) -> str:
    """Read a returned string: offset, length, content."""
    length = int.from_bytes(answer[32:64], "big")
    return answer[64 : 64 + length].decode("utf-8", "replace")


def u256(name: str, value: int) -> dict[str, object]:
    """Give a number as cryo writes it: big-endian, decimal, and as a float; all in base units."""
    return {f"{name}_binary": value.to_bytes(32, "big"), f"{name}_string": str(value), f"{name}_f64": float(value)}


def u256_schema(name: str) -> Schema:
    """Give the types of those columns."""
    return {f"{name}_binary": pl.Binary, f"{name}_string": pl.String, f"{name}_f64": pl.Float64}
