"""Which files are pieces of one log, and which piece nobody has."""

import pytest

from exposure.logs.noticing.rotation import beside, piece, sets, tell_missing


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["logs/access.log", "logs/access.log.1", "logs/access.log.3.gz"], {"logs/access.log": ".2"}),
        (["a/access.log.1", "a/access.log.2.zst", "b/access.log.4"], {}),
        (["node.2.log", "node.4.log", "10.0.0.1", "10.0.0.3"], {}),
        (["access.log.1.gz", "access.log.90.gz"], {}),
        (
            [f"access.log-202603{day:02}.gz" for day in range(1, 12) if day not in (4, 5)],
            {"access.log-*": "2026-03-04, 2026-03-05"},
        ),
        (
            [
                f"cdn/E2K2LNL5N3WR51.2026-03-04-{hour:02}.{part}.gz"
                for hour in range(24)
                for part in ("a1", "b2")
                if hour != 7
            ],
            {"cdn/E2K2LNL5N3WR51.*": "2026-03-04 07:00"},
        ),
        (
            [
                f"202603{day:02}/202603{day:02}T{hour:02}1200Z_202603{day:02}T{hour:02}1700Z_d1e2.log.gz"
                for day in (4, 5)
                for hour in range(24)
                if (day, hour) != (5, 3)
            ],
            {"*/*": "2026-03-05 03:00"},
        ),
        ([f"x.2026-03-{day:02}.log" for day in (1, 9, 20, 21, 22)], {}),
        ([f"x.2026-13-{day:02}.log" for day in range(1, 20)], {}),
        ([f"order-{number}.log" for number in range(2026030401, 2026030499)], {}),
    ],
)
def test_missing_pieces(names: list[str], expected: dict[str, str]) -> None:
    """Between those that are there; a series with many holes has none: that server writes when it is visited."""
    assert expected == tell_missing(names)


def test_many_missing_pieces_are_not_listed_all() -> None:
    """The first five show what happened."""
    names = [f"x.2026-03-04-{hour:02}.log" for hour in range(24)] + [
        f"x.2026-03-05-{hour:02}.log" for hour in range(7, 24)
    ]
    (text,) = tell_missing(names).values()
    assert text.startswith("2026-03-05 00:00, 2026-03-05 01:00,")
    assert text.endswith(" and 2 more")


def test_pieces_are_one_set() -> None:
    """Whatever packs them; another folder is another log."""
    names = ["a/x.log", "a/x.log.1", "a/x.log.2.gz", "b/x.log"]
    assert {"a/x.log": names[:3]} == sets(names)
    assert "a/x.log" == piece("a/x.log.gz").set


def test_what_was_rotated_out_and_forgotten_is_found() -> None:
    """Naming access.log alone leaves yesterday unread."""
    there = ["access.log", "access.log.1", "access.log.2.gz", "error.log.1", "access.log.bak"]
    assert ["access.log.1", "access.log.2.gz"] == beside("access.log", there, ["access.log"])
    assert ["access.log.2.gz"] == beside("access.log", there, ["access.log", "access.log.1"])
