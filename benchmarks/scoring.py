"""One drill, its whole investigation, and how right it was. Used by `benchmarks.calibration`."""

import json
import math
import tempfile
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from benchmarks.rivals import by_approvers, from_sink
from exposure.case import Case
from exposure.console import Silent
from exposure.drill.mass import lines
from exposure.drill.mass.knobs import drawn
from exposure.drill.mass.make import Made, make_mass_drill
from exposure.drill.mass.visits import WAYS, X_OF
from exposure.incident_toml import load_incident
from exposure.pipeline import Pipeline

CALLED = ["compromised", "probable"]
READ = ("wallets", "windows", "attack_rates", "attackers", "losses", "approvals", "transfers", "accounts")
# So sure must the truth itself make X, before the program is asked to name it.
TOLD = 1e-4
# So many independent owners must have been robbed into one address for it to be told from chance at all.
RECALLED_OWNERS = 5
ASSET_SLACK = timedelta(seconds=60)


def score(seed: int, kind: str | None) -> dict[str, Any]:
    """Make the drill of a seed, investigate it from logs and files as `exposure run` does, and score the answer."""
    knobs = drawn(seed, kind)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory(prefix="exposure-drill-") as folder:
        made = make_mass_drill(Path(folder), knobs, Silent())
        try:
            tables = _investigate(Path(folder))
        except Exception:  # noqa: BLE001 - a drill that breaks the program is a result, and is shown
            return {"seed": seed, "kind": knobs.kind, "broken": traceback.format_exc()}
    row: dict[str, Any] = {"seed": seed, "kind": knobs.kind, "broken": None}
    row |= _quiet(tables) if not knobs.attack else {}
    row |= _wallets(tables, made) | _sinks(tables, made)
    if knobs.attack:
        row |= _x(tables, made) | _bounds(tables, made)
    return row


def _investigate(folder: Path) -> dict[str, pl.DataFrame]:
    case = Case(folder)
    pipeline = Pipeline(load_incident(folder), case, Silent(), datetime(2027, 6, 1, tzinfo=UTC))
    with case.lock():
        pipeline.pin()
        pipeline.read_people()
        pipeline.ingest()
        before = None
        for _ in range(4):
            pipeline.pull()
            pipeline.assess()
            known = [set(case.read(name).get_column("address")) for name in ("attackers", "losses")]
            if known == before:
                break
            before = known
    return {name: case.read(name) for name in READ}


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _did_what_exposes(made: Made) -> pl.DataFrame:
    """Give the wallets that did anything that exposes, from the day before T1 until long after T2: nobody must call them safe."""
    ways = [number for number, way in enumerate(WAYS) if way.exposure != "none"]
    mine = made.visits.filter(pl.col("way").is_in(ways))
    if made.served.spans:
        late = made.served.t2 + (made.town.knobs.cache + 24) * 3600
        mine = mine.filter(pl.col("act").is_between(made.served.t1 - 86400, late))
    family = pl.DataFrame({"wallet": np.arange(made.town.wallets), "owner": made.town.owner})
    return family.filter(pl.col("owner").is_in(mine.get_column("owner").implode())).select("wallet")


def _wallets(tables: dict[str, pl.DataFrame], made: Made) -> dict[str, Any]:
    """Count victims found and safe people called, and keep the chances with their outcomes."""
    rows = made.truth.join(tables["wallets"], on="address", how="left")
    here = rows.filter(pl.col("harmed") & pl.col("exposed"))
    called = pl.col("verdict").is_in(CALLED).fill_null(value=False)
    names = made.town.book.hex()
    doers = names.gather(_did_what_exposes(made).get_column("wallet"))
    safe = rows.filter(pl.col("safe") & pl.col("verdict").is_not_null())
    quiet = safe.filter(pl.col("in_logs") & ~pl.col("address").is_in(doers.implode()))
    knobs = made.town.knobs
    covered = not (knobs.gap or knobs.late or knobs.hijack) and _bounded(tables["windows"], made)
    findable = here.filter(pl.col("address").is_in(_findable(made).implode()))
    saved = rows.filter("rescued")
    judged = rows.filter(pl.col("first_exposed").is_not_null() | pl.col("lost_right").is_not_null())
    listed = safe.filter(called)
    return {
        "victims": here.height,
        "victims_found": here.filter(called).height,
        "findable": findable.height,
        "findable_found": findable.filter(called).height,
        "findable_missed": findable.filter(~called).get_column("verdict").fill_null("not listed").to_list(),
        "one_time": knobs.one_time,
        "in_logs": here.filter("in_logs").height,
        "missed": here.filter(~called).get_column("verdict").fill_null("not listed").to_list(),
        "safe": safe.height,
        "false_called": listed.height,
        "false_called_who": listed.get_column("address").to_list()[:3],
        "exposed": rows.filter(pl.col("exposed") & pl.col("verdict").is_not_null()).height,
        "exposed_no_sign": rows.filter(pl.col("exposed") & (pl.col("verdict") == "no_sign")).height,
        "quiet_safe": quiet.height if covered else 0,
        "safe_no_sign": quiet.filter(pl.col("verdict") == "no_sign").height if covered else 0,
        "called_moved": here.filter(pl.col("harm") == "moved_by_owner").height,
        "rescued": saved.height,
        "rescued_drained": saved.filter(pl.col("harm").is_in(["drained", "partly_drained"])).height,
        "p_exposed": judged.get_column("p_exposed").fill_null(0.0).to_list(),
        "was_exposed": judged.get_column("exposed").to_list(),
        "p_harmed": judged.get_column("p_harmed").fill_null(0.0).to_list(),
        "was_harmed": judged.get_column("harmed").to_list(),
        "lost_wrong": _lost_wrong(tables, made),
    }


def _bounded(windows: pl.DataFrame, made: Made) -> bool:
    """Tell whether both ends of the window are published and inside the logs: else nobody is well covered."""
    published = {row["bound"]: row for row in windows.filter(pl.col("method") == "published").iter_rows(named=True)}
    start, end = published["T1"]["earliest"], published["T2"]["latest"]
    return bool(start and end and start >= _time(made.town.start) and end <= _time(made.town.end))


def _findable(made: Made) -> pl.Series:
    """Give the victims whose thief can be known at all: the team named the address, or it robbed enough owners here."""
    names = made.town.book.hex()
    moved = made.moves.filter(pl.col("why") == "theft")
    rows = moved.select(address=names.gather(moved.get_column("frm")), to=names.gather(moved.get_column("to")))
    sender = names.gather(moved.get_column("called").clip(0))
    rows = rows.with_columns(called=sender)
    robbed = _owners_robbed_by(made, made.truth.filter(pl.col("harmed") & pl.col("exposed")))
    many = {address for address, owners in robbed.items() if owners >= RECALLED_OWNERS}
    known = [*many, *made.named]
    taken = rows.filter(pl.col("to").is_in(known) | pl.col("called").is_in(known))
    return taken.get_column("address").unique()


def _lost_wrong(tables: dict[str, pl.DataFrame], made: Made) -> int:
    """Count called victims whose losses are not exact to the last unit."""
    told: dict[str, dict[str, int]] = {}
    for address, token, amount in tables["losses"].select("address", "token", "amount").iter_rows():
        sums = told.setdefault(address, {})
        sums[token] = sums.get(token, 0) + int(amount)
    wrong = 0
    for address, lost in made.truth.filter("harmed").select("address", "lost").iter_rows():
        if address in told:
            wrong += {token: int(amount) for token, amount in json.loads(lost).items()} != told[address]
    return wrong


def _sinks(tables: dict[str, pl.DataFrame], made: Made) -> dict[str, Any]:
    """Compare attackers with the truth: those that enough people here were robbed by must be found, and nobody else."""
    true = {address for addresses in made.attackers.values() for address in addresses}
    found = set(tables["attackers"].get_column("address"))
    stolen = made.truth.filter(pl.col("harmed") & pl.col("exposed"))
    robbed = _owners_robbed_by(made, stolen)
    recallable = {address for address, owners in robbed.items() if owners >= RECALLED_OWNERS and address in true}
    false = sorted(found - true)
    return _rivals(tables, made, found) | {
        "sinks": len(recallable),
        "sinks_found": len(recallable & found),
        "false_sinks": len(false),
        "false_sink_who": false[:3],
    }


def _rivals(tables: dict[str, pl.DataFrame], made: Made, found: set[str]) -> dict[str, Any]:
    """Let the rivals look for the spender that enough owners approved, in drills that have one."""
    names = made.town.book.hex()
    ordinary = [names[number] for number in (made.town.parties.router, made.town.parties.settlement)]
    spenders = set(made.attackers.get("spender", []))
    true = spenders | {address for addresses in made.attackers.values() for address in addresses}
    given = tables["approvals"].filter(pl.col("to_address").is_in(list(spenders)) & (pl.col("value") != "0"))
    approved = given.group_by("to_address").agg(pl.col("from_address").n_unique())
    there = set(approved.filter(pl.col("from_address") >= RECALLED_OWNERS).get_column("to_address"))
    guesses = {
        "ours": found,
        "thresholds": by_approvers(tables["approvals"], tables["accounts"], ordinary),
        "backwards": from_sink(tables["transfers"], made.attackers["sink"][0], ordinary) if spenders else set(),
    }
    scored: dict[str, Any] = {"spenders": len(there)}
    for name, addresses in guesses.items():
        scored[f"{name}_spenders"] = len(there & addresses)
        scored[f"{name}_false"] = bool(addresses - true)
    return scored


def _owners_robbed_by(made: Made, stolen: pl.DataFrame) -> dict[str, int]:
    names = made.town.book.hex()
    owner = pl.DataFrame({"address": names.head(made.town.wallets), "owner": made.town.owner})
    moved = made.moves.filter(pl.col("why") == "theft")
    rows = moved.select(address=names.gather(moved.get_column("frm")), to=names.gather(moved.get_column("to")))
    rows = rows.join(owner, on="address").join(stolen.select("address"), on="address", how="semi")
    # Those whose exposure stands in no line look like controls: they help nobody to find the thief.
    shown = lines.kept(_exposing_visits(made).with_columns(time="act"), made.town, made.served)
    rows = rows.filter(pl.col("owner").is_in(shown.get_column("owner").implode()))
    return dict(rows.group_by("to").agg(pl.col("owner").n_unique()).iter_rows())


def _x(tables: dict[str, pl.DataFrame], made: Made) -> dict[str, Any]:
    """Say whether X was named; where everybody did it, or too few were harmed to tell, whether the program kept quiet."""
    rates = tables["attack_rates"].filter(pl.col("host").is_null() & pl.col("asset_state").is_null())
    named = set(rates.filter(pl.col("is_x") == "yes").get_column("action"))
    kind = made.town.knobs.kind
    true = {WAYS[number].name for number in X_OF[kind]}
    told = _told(made)
    return {
        "x_told": told,
        "x_first": named == true if told else None,
        "x_wrong": bool(named - true),
        "x_kept_quiet": not (named - true) if told is False else None,
        "x_named": sorted(named),
    }


def _told(made: Made) -> bool | None:
    """Tell whether X can be told from the truth: True, False (nobody could), None (in between)."""
    if made.town.knobs.x_share >= 1.0:
        return False
    names = made.town.book.hex()
    found = _findable(made)
    hurt = made.truth.filter(pl.col("harmed") & pl.col("in_logs") & pl.col("address").is_in(found.implode()))
    hurt = hurt.get_column("address")
    inside = made.visits.filter(
        pl.Series(made.served.hold(made.visits.get_column("time").to_numpy())) & ~pl.col("gone")
    )
    inside = lines.kept(inside, made.town, made.served)
    everyone = made.truth.filter(pl.col("in_logs")).get_column("address")
    worst = 0.0
    for number in X_OF[made.town.knobs.kind]:
        mine = inside.filter(pl.col("way") == number).get_column("wallet").unique()
        doers = everyone.filter(everyone.is_in(names.gather(mine).implode()))
        hits = int(doers.is_in(hurt.implode()).sum())
        others = hurt.filter(hurt.is_in(everyone.implode())).len() - hits
        p = stats.fisher_exact(
            [[hits, doers.len() - hits], [others, everyone.len() - doers.len() - others]], "greater"
        )[1]
        worst = max(worst, float(p))
        if hits < 5:
            worst = 1.0
    return True if worst <= TOLD else None


def _bounds(tables: dict[str, pl.DataFrame], made: Made) -> dict[str, Any]:
    """Hold every bound against the true moments."""
    windows, knobs = tables["windows"], made.town.knobs
    t1, t2 = _time(made.served.t1), _time(made.served.t2)
    found: dict[str, Any] = {"stopped_early": knobs.stops < 1.0 and knobs.kind != "approval"}
    for bound, moment in (("T1", t1), ("T2", t2)):
        name = bound.lower()
        scan = windows.filter((pl.col("bound") == bound) & (pl.col("method") == "scan")).sort("estimate")
        found[f"{name}_inside"] = None
        if scan.height:
            row = scan.row(0 if bound == "T1" else -1, named=True)
            early = row["earliest"] is None or row["earliest"] <= moment
            late = row["latest"] is None or moment <= row["latest"]
            found[f"{name}_inside"] = early and late
            if row["earliest"] is not None and row["latest"] is not None:
                found[f"{name}_width"] = (row["latest"] - row["earliest"]).total_seconds() / 60
        asset = windows.filter((pl.col("bound") == bound) & (pl.col("method") == "asset"))
        clear = knobs.files and knobs.monitors and not (knobs.gap or knobs.late or knobs.hijack)
        if clear:
            near = asset.height and abs(asset.item(0, "estimate") - moment) <= ASSET_SLACK
            found[f"{name}_asset"] = bool(near)
    found["left_out"] = _left_out(windows, made)
    return found


def _exposing_visits(made: Made) -> pl.DataFrame:
    """Give the visits that really gave something away, and went to the site itself."""
    x = X_OF[made.town.knobs.kind]
    return made.visits.filter(pl.col("bad") & pl.col("caught") & pl.col("way").is_in(x) & ~pl.col("gone"))


def _left_out(windows: pl.DataFrame, made: Made) -> int:
    """Count victims in the logs all of whose true exposures lie outside the published window."""
    published = {row["bound"]: row for row in windows.filter(pl.col("method") == "published").iter_rows(named=True)}
    start, end = published["T1"]["earliest"], published["T2"]["latest"]
    visits = lines.kept(_exposing_visits(made).with_columns(time="act"), made.town, made.served)
    low = start.timestamp() if start else -math.inf
    high = end.timestamp() if end else math.inf
    inside = (
        visits.with_columns(inside=pl.col("act").is_between(low, high)).group_by("wallet").agg(pl.col("inside").any())
    )
    names = made.town.book.hex()
    rows = pl.DataFrame({"address": names.gather(inside.get_column("wallet")), "inside": inside.get_column("inside")})
    hurt = made.truth.filter(pl.col("harmed") & pl.col("in_logs")).select("address")
    return rows.join(hurt, on="address").filter(~pl.col("inside")).height


def _quiet(tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    called = tables["wallets"].filter(pl.col("verdict").is_in(CALLED)).height
    return {"quiet_alarm": bool(called or tables["attackers"].height)}
