"""The plain check of our own texts."""

import pytest

from exposure.publish.lint import Fault, find_faults


@pytest.mark.parametrize(
    ("text", "rule", "excerpt"),
    [
        ("Do not use examplewallet.com", "live-site", "examplewallet.com"),
        ("See https://app.ExampleWallet.com/help", "live-site", "app.ExampleWallet.com"),
        ("Only users who signed are affected", "unproven-only", "Only"),
        ("All other users are safe", "unproven-all", "All other"),
        ("everyone else need not act", "unproven-all", "everyone else"),
    ],
)
def test_what_must_never_stand_in_a_text_is_found(text: str, rule: str, excerpt: str) -> None:
    """A live site, "only", and words about everyone else."""
    found = find_faults(f"first line\n{text}", ["app.examplewallet.com"])
    assert [(fault.line, fault.rule, fault.excerpt) for fault in found] == [(2, rule, excerpt)]


def test_a_broken_site_and_a_checked_link_are_no_faults() -> None:
    """The broken form stands everywhere, and a link of [advice] on the regained site is allowed."""
    text = "On examplewallet[.]com\nUpdates: https://status.examplewallet.com/x"
    assert find_faults(text, ["examplewallet.com"], ["https://status.examplewallet.com/x"]) == ()
    assert find_faults(text, ["examplewallet.com"]) == (
        Fault(2, "live-site", "examplewallet.com", "programs make a link of it: write examplewallet[.]com"),
    )
