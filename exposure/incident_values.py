"""Single values of incident.toml: text -> checked value. Each raises ValueError saying what is wrong and how to write it."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# A name such as name.eth: where it points to may have changed since, so a person must say which wallet was meant.
NAME = re.compile(r"\S+\.[a-z]{2,}", re.IGNORECASE)
NOT_LOOKED_UP = "names are not looked up: write the address that it stands for"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _quote(value: object) -> str:
    """Repeat a short value in an error; a longer one may be a private key or a recovery phrase in the wrong place."""
    text = str(value)
    return repr(text) if len(text) <= 44 else f"a text of {len(text)} characters"


def parse_address(value: object) -> str:
    """Check an address (EIP-55 where it is mixed case) and give it in lowercase."""
    from eth_utils.address import is_checksum_address  # 0.2 s to import: only where there are addresses

    if isinstance(value, str) and NAME.fullmatch(value):
        raise ValueError(f"{_quote(value)} is a name, and {NOT_LOOKED_UP}")
    if not isinstance(value, str) or not re.fullmatch(r"0[xX][0-9a-fA-F]{40}", value):
        raise ValueError(f"{_quote(value)} is not an address: write 0x and 40 hex digits")
    digits = value[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address("0x" + digits):
        raise ValueError(f"{value!r} has a wrong checksum, so a digit was mistyped: copy it again from its source")
    return "0x" + digits.lower()


def parse_transaction_hash(value: object) -> str:
    """Check a transaction hash and give it in lowercase."""
    if not isinstance(value, str) or not re.fullmatch(r"0[xX][0-9a-fA-F]{64}", value):
        raise ValueError("this is not a transaction hash: write 0x and 64 hex digits")
    return value.lower()


def parse_utc(value: object) -> datetime:
    """Check a time with a zone and give it in UTC. A time without a zone is refused: guessing hours costs victims."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a time: write 2026-03-04T09:12:00Z") from None
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r} is not a time: write 2026-03-04T09:12:00Z")
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no zone: write {value.isoformat()}Z for UTC, or add its offset")
    return value.astimezone(UTC)


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `30m`, `4h` or `7d`."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"([0-9]{1,6})\s*([smhd])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a duration: write a number and s, m, h or d, such as 30m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def parse_host(value: str) -> str:
    """Check a host name and give it in lowercase."""
    host = value.lower().rstrip(".")
    if not re.fullmatch(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", host):
        raise ValueError(f"{value!r} is not a host name: write it without https:// and path, such as examplewallet.com")
    return host


def parse_zone(value: str) -> str:
    """Check the name of a time zone."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a time zone: write a name such as America/New_York") from None
    return value


def parse_pattern(value: str) -> str:
    """Check a pattern: Rust regular expressions, which take linear time whatever the log says."""
    import polars as pl

    try:
        pl.Series([""]).str.contains(value)
    except pl.exceptions.ComputeError as error:
        if re.search(r"\(\?<?[=!]", value):
            raise ValueError(
                f"the pattern {value!r} looks ahead or behind, which cannot be matched in linear time: write two actions, "
                "the more specific first, since a request gets the first that matches"
            ) from None
        # Behind the regex's own words polars says which expression of its it was.
        reason = str(error).partition("\n\nThis error occurred")[0].strip().splitlines()[-1]
        reason = reason.removeprefix("regex ").removeprefix("error: ")
        raise ValueError(f"the pattern {value!r} is not a regular expression: {reason}") from None
    return value
