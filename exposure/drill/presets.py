"""(preset, seed) -> Scenario. Seed 1 of `sample` is the committed one; every other seed turns the knobs."""

from dataclasses import replace

from exposure.drill.dice import Dice
from exposure.drill.scenario import DAY, HOUR, MINUTE, Attack, ChainLife, Crowd, Logs, Scenario, Signatures
from exposure.drill.sites import DAPP_SITE, WALLET_SITE, Action, Site
from exposure.errors import ExposureError

_MONDAY = 1_767_571_200  # 2026-01-05T00:00:00Z


def scenario(preset: str, seed: int) -> Scenario:
    """Set the knobs. Raises ExposureError for a preset that does not exist."""
    presets = {"sample": _sample, "approval": _approval, "quiet": _quiet}
    if preset not in presets:
        raise ExposureError(
            f"there is no drill named {preset!r}",
            "the presets are " + ", ".join((*presets, "mass", "drawn")),
            "choose one of them: exposure drill DIR --preset sample",
        )
    dice = Dice(preset, seed, "scenario")
    return presets[preset](seed, dice)


def _sample(seed: int, dice: Dice) -> Scenario:
    site = WALLET_SITE.with_build(dice.hex(8))
    if seed == 1:
        return Scenario(preset="sample", seed=1, kind="key", site=site)
    logs = _logs(dice)
    keys = [action.name for action in site.ways_in if action.exposure == "key"]
    attack = _attack(dice, logs, dice.weighted(keys, (0.55, 0.3, 0.15)))
    crowd = _crowd(dice)
    return Scenario(
        preset="sample",
        seed=seed,
        kind="key",
        site=_popular(site, attack.x, dice),
        crowd=crowd,
        logs=replace(logs, poison=dice.pick((0, 0, 0, 150))),
        attack=attack,
        cache=dice.pick((0, HOUR, 4 * HOUR, 12 * HOUR)),
        end=max(logs.end, attack.t2 + attack.delay_max + 6 * HOUR),
    )


def _approval(seed: int, dice: Dice) -> Scenario:
    site = DAPP_SITE.with_build(dice.hex(8))
    logs = replace(_logs(dice), gap=None)
    x = dice.weighted(("claimed_rewards", "deposited"), (0.6, 0.4))
    # One spender is known, or none; what it takes goes to a few addresses. A page asks for tokens of any worth.
    attack = replace(_attack(dice, logs, x), sinks=dice.integer(1, 3), in_gap=0, rescues=0, capture=1.0)
    attack = replace(attack, value_filter=dice.pick((0.0, 20.0, 100.0, 300.0)))
    signatures = Signatures(
        accept=dice.uniform(0.7, 0.95),
        operator_bps=dice.pick((0, 0, 2000)),
        batch=dice.integer(3, 30) * HOUR + dice.integer(0, 59) * MINUTE,
        left=dice.uniform(0.2, 0.45),
        revoke=dice.uniform(0.15, 0.35),
    )
    return Scenario(
        preset="approval",
        seed=seed,
        kind="approval",
        site=_popular(site, x, dice),
        crowd=replace(_crowd(dice), hoarders=1, same_phrase=0.0, retry=0.05, dollars=0.8, governance=0.5),
        logs=logs,
        attack=attack,
        signatures=signatures,
        life=ChainLife(before=0.3),
        cache=dice.pick((0, HOUR, 4 * HOUR)),
        end=max(logs.end, attack.t2 + signatures.batch + 12 * HOUR),
    )


def _quiet(seed: int, dice: Dice) -> Scenario:
    site: Site = dice.pick((WALLET_SITE, DAPP_SITE)).with_build(dice.hex(8))
    return Scenario(
        preset="quiet",
        seed=seed,
        kind="quiet",
        site=site,
        crowd=replace(_crowd(dice), hoarders=dice.integer(4, 8)),
        logs=_logs(dice),
        attack=None,
        life=ChainLife(sale=dice.integer(8, 20), airdrop=dice.integer(20, 60)),
    )


def _logs(dice: Dice) -> Logs:
    start = _MONDAY + dice.integer(0, 280) * DAY
    gap = (dice.integer(30, 60) * HOUR + dice.integer(0, 59) * MINUTE, dice.integer(8, 40) * MINUTE)
    return Logs(
        start=start,
        days=dice.pick((3, 3, 4, 5)),
        offset_minutes=dice.pick((0, 0, 60, -300, 330, 540)),
        gap=gap if dice.chance(0.5) else None,
        monitors=dice.pick((0, 1, 1, 2)),
        passers_by=dice.integer(200, 600),
        bot_addresses=dice.integer(150, 500),
        checks=dice.pick((0.0, 0.4, 1.0)),
        body_bytes=dice.chance(0.6),
    )


def _crowd(dice: Dice) -> Crowd:
    return Crowd(
        people=dice.integer(120, 240),
        second_wallet=dice.uniform(0.05, 0.25),
        daily=dice.uniform(0.05, 0.25),
        more_visits=dice.uniform(1.4, 2.8),
        mobile=dice.uniform(0.05, 0.3),
        office=dice.integer(5, 22),
        hoarders=dice.integer(0, 4),
    )


def _attack(dice: Dice, logs: Logs, x: str) -> Attack:
    """Draw an attack that begins on the second day, so that there is a before and an after."""
    t1 = logs.start + DAY + dice.integer(3, 16) * HOUR + dice.integer(0, 3599)
    length = dice.integer(4, 22) * HOUR + dice.integer(0, 3599)
    sinks = dice.integer(1, 4)
    facts = ("detected", "public_notice", *dice.sample(("last_known_good", "first_known_good"), dice.integer(0, 2)))
    return Attack(
        x=x,
        t1=t1,
        t2=t1 + length,
        capture=dice.pick((1.0, 1.0, 0.85, 0.6)),
        value_filter=dice.pick((0.0, 50.0, 150.0, 400.0)),
        delay=dice.pick((12, 40, 90, 240, 600)) * MINUTE,
        delay_sigma=dice.uniform(0.6, 1.4),
        delay_max=dice.pick((20, 36)) * HOUR,
        sinks=sinks,
        known=dice.integer(0, min(1, sinks)),
        detected=-dice.integer(5, 100) * MINUTE,
        notice=dice.integer(10, 120) * MINUTE,
        rescues=dice.integer(0, 3),
        in_gap=dice.integer(0, 2) if logs.gap else 0,
        stale=dice.integer(0, 3),
        elsewhere=dice.integer(0, 2),
        facts=facts,
    )


def _popular(site: Site, x: str, dice: Dice) -> Site:
    """Let many do X, so that there are victims to count; the other actions stay as popular as they are."""
    share = dice.uniform(0.3, 0.5)

    def shared(actions: tuple[Action, ...]) -> tuple[Action, ...]:
        return tuple(replace(one, share=share) if one.name == x else one for one in actions)

    return replace(site, ways_in=shared(site.ways_in), errands=shared(site.errands))
