"""Every provider that others have met gives the tables of an honest one, or the run names what is missing."""

from dataclasses import replace
from pathlib import Path

import pytest

from exposure.errors import ExposureError
from tests.chain.profiles import PROFILES, Profile
from tests.chain.proxy import CANARY, Proxy
from tests.chain.test_refusals import attackers, data, truth, wallets
from tests.chain.village import Village, incident, pull_all, wanted

__all__ = ["truth"]


@pytest.mark.parametrize("profile", PROFILES, ids=[profile.name for profile in PROFILES])
def test_a_provider_gives_the_truth_or_the_run_says_what_is_missing(
    village: Village, truth: dict[str, bytes], tmp_path: Path, profile: Profile
) -> None:
    """Refusals cost calls. What a provider cannot give at all is a problem in words, and the key of its URL is in none."""
    played = replace(profile)
    with Proxy(village.url, played) as proxy:
        try:
            figures = pull_all(incident(tmp_path, proxy.url), wanted(village, wallets(village), attackers(village)))
            problems = [str(problem) for problem in figures["problems"]]  # type: ignore[attr-defined]
        except ExposureError as error:
            problems = [str(error)]
    assert bool(problems) != profile.complete, problems
    if profile.complete:
        assert truth == data(tmp_path)
    assert (played.refused > 0) == bool(profile.rules)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [] == [path for path in written if CANARY.encode() in path.read_bytes()]
    assert CANARY not in str(problems)


@pytest.mark.parametrize("profile", [one for one in PROFILES if not one.complete], ids=lambda one: one.name)
def test_a_second_endpoint_makes_up_for_what_the_first_cannot_give(
    village: Village, truth: dict[str, bytes], tmp_path: Path, profile: Profile
) -> None:
    """Old state, a plan's end, a key: another endpoint has it, and nobody needs to be told."""
    with Proxy(village.url, replace(profile)) as first, Proxy(village.url) as second:
        told = incident(tmp_path, first.url, second.url)
        figures = pull_all(told, wanted(village, wallets(village), attackers(village)))
    assert ([], truth) == (figures["problems"], data(tmp_path))
