"""Browsers and addresses of the network for made-up people. Networks are those that RFCs set aside for documents and tests."""

from exposure.drill.dice import Dice

_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36"
)
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36"
_LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36"
_EDGE = _WINDOWS + " Edg/{v}.0.0.0"
_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0"
_FIREFOX_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:{v}.0) Gecko/20100101 Firefox/{v}.0"
_SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Safari/605.1.15"
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {u} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/{v} Mobile/15E148 Safari/604.1"
)
_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Mobile Safari/537.36"
)

DESKTOP = (
    *((_WINDOWS.format(v=v), w) for v, w in ((144, 18), (143, 13), (142, 5), (141, 2), (138, 1))),
    *((_MAC.format(v=v), w) for v, w in ((144, 9), (143, 6), (142, 2))),
    *((_LINUX.format(v=v), w) for v, w in ((144, 2), (143, 1))),
    *((_EDGE.format(v=v), w) for v, w in ((144, 5), (143, 3))),
    *((_FIREFOX.format(v=v), w) for v, w in ((147, 4), (146, 2), (140, 1))),
    (_FIREFOX_MAC.format(v=147), 2),
    *((_SAFARI.format(v=v), w) for v, w in (("18.6", 3), ("26.2", 5), ("26.1", 2))),
)
MOBILE = (
    *((_IPHONE.format(u=u, v=v), w) for u, v, w in (("18_7", "26.2", 8), ("18_6", "18.6", 6), ("17_6", "17.6", 2))),
    *((_ANDROID.format(v=v), w) for v, w in ((144, 12), (143, 6), (142, 2))),
)
OFFICE_IP = "203.0.113.77"


def user_agent(dice: Dice, mobile: bool) -> str:
    """Draw a browser."""
    pool = MOBILE if mobile else DESKTOP
    return dice.weighted([agent for agent, _ in pool], [float(weight) for _, weight in pool])


def ip_address(dice: Dice) -> str:
    """Draw an address of the network, about one in seven IPv6."""
    if dice.chance(0.15):
        return same_network(f"2001:db8:{dice.integer(1, 0xFFFF):x}:{dice.integer(1, 0xFFFF):x}:", dice)
    return f"198.{dice.integer(18, 19)}.{dice.integer(0, 255)}.{dice.integer(1, 254)}"


def same_network(ip: str, dice: Dice) -> str:
    """Draw the address of another day: the second half of an IPv6 address changes, for privacy; an IPv4 address stays."""
    if ":" not in ip:
        return ip
    groups = (f"{dice.integer(0x1000, 0xFFFF):x}" for _ in range(4))
    return ":".join((*ip.split(":")[:4], *groups))
