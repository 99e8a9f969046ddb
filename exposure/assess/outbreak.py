"""The investigation: attackers, window and X, each by help of the others. Pure (design, section 7).

Who was harmed follows from the attackers, the window from who was harmed, and new attackers from who was exposed in the window.
The first pass finds attackers among all who ever did what exposes, the next ones among those inside the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from exposure.assess.attack_rates import Rates, attack_rates, count_deeds
from exposure.assess.attackers import known_attackers, takers, with_discovered
from exposure.assess.candidates import FROM_CHAIN
from exposure.assess.deeds import CLOCK_SLACK, STRONG, Deeds, Placing, Window, gather_deeds
from exposure.assess.holdings import Left, what_is_left
from exposure.assess.intake import Intake, plain
from exposure.assess.losses import delegations_to, permissions, takings
from exposure.assess.moves import PERMIT2, ZERO, credible_approvals, moves_of, real_tokens
from exposure.assess.owners import Shared, Ties, find_ties, owners, shared_places
from exposure.assess.served import changed_back
from exposure.assess.shelf import Shelf
from exposure.assess.sinks import ALONE, FAMILY, Groups, count_owners, dealings, find_sinks
from exposure.assess.snowball import follow
from exposure.assess.windows import Windows, find_windows
from exposure.incident import Incident

Tables = dict[str, pl.DataFrame]
PASSES = 5
# Where an end of the attack is not bounded, so many files that changed and changed back are tried as its time.
GUESSES_MOST = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """What does not change while attackers are sought.

    `laid`: sightings as they lie on the shelf; `nobody`: addresses that are nobody's wallet nor attacker (tokens, the dapp's
    contracts); `sighted`: addresses that sightings name, by how many rows, and whether logs do (address, rows, logged);
    `watched`: those of them, and of people's own, whose history was read; `shared`: what may tie wallets.
    """

    intake: Intake
    incident: Incident
    known: pl.DataFrame
    nobody: pl.Series
    laid: pl.LazyFrame
    shelf: Shelf
    sighted: pl.DataFrame
    watched: pl.Series
    deeds: Deeds
    shared: Shared
    real: pl.DataFrame
    approvals: pl.DataFrame
    left: Left

    @property
    def tables(self) -> Tables:
        """Give the tables as the assessment holds them."""
        return self.intake.tables


@dataclass(frozen=True, slots=True)
class Outbreak:
    """What the investigation found; `placing` places deeds in the published window, as `exposing` are placed."""

    scene: Scene
    attackers: pl.DataFrame
    takers: pl.DataFrame
    sinks: pl.DataFrame
    counted: pl.DataFrame
    owners: pl.DataFrame
    moves: pl.DataFrame
    taken: pl.DataFrame
    permissions: pl.DataFrame
    delegated: pl.DataFrame
    harmed: pl.DataFrame
    windows: Windows
    rates: Rates
    placing: Placing
    exposing: pl.DataFrame
    exposed: pl.DataFrame


def set_scene(intake: Intake, incident: Incident, shelf: Shelf) -> Scene:
    """Gather what stays the same."""
    given = intake.tables
    known = intake.encode(known_attackers(incident, plain(given["attackers"])))
    hostile = known.get_column("address")
    named = intake.addresses([*(contract.address for contract in incident.contracts), ZERO, PERMIT2])
    nobody = pl.concat([named, intake.tokens()]).drop_nulls().unique().sort()
    people = given["people"].filter(pl.col("added").fill_null(value=False)).get_column("address")
    excluded = plain(pl.concat([nobody, hostile]).to_frame()).to_series()
    sightings = intake.sightings(incident).filter(~pl.col("address").is_in(excluded.implode()))
    laid = intake.with_requests(sightings, shelf)
    read = intake.encode_seen(laid)
    logged = ~pl.col("link").is_in(["report", "contract"])
    sighted = read.group_by("address").agg(rows=pl.len(), logged=logged.any()).collect(engine="streaming")
    strangers = people.filter(~people.is_in(nobody.implode()) & ~people.is_in(hostile.implode()))
    seen = pl.concat([sighted.get_column("address"), strangers]).unique().sort()
    asked = given["candidates"].filter(~pl.col("reason").is_in(FROM_CHAIN)).get_column("address").unique()
    watched = seen.filter(seen.is_in(asked.implode())) if asked.len() else seen
    shared = shared_places(read, int(sighted.get_column("rows").sum()) // shelf.looked_up + 1)
    deeds = gather_deeds(intake, laid, shared.clients, incident, shelf)
    left = what_is_left(intake)
    intake.read_transfers()
    real = real_tokens(given["transfers"], given["approvals"], watched, hostile)
    return Scene(
        intake=intake,
        incident=incident,
        known=known,
        nobody=nobody,
        laid=laid,
        shelf=shelf,
        sighted=sighted,
        watched=watched,
        deeds=deeds,
        shared=shared,
        real=real,
        approvals=credible_approvals(given["approvals"], real),
        left=left,
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """What the chain says, given the attackers: it changes with them, and with nothing else."""

    attackers: pl.DataFrame
    takers: pl.DataFrame
    watched: pl.Series
    moves: pl.DataFrame
    taken: pl.DataFrame
    permissions: pl.DataFrame
    delegated: pl.DataFrame
    harmed: pl.DataFrame
    dealings: pl.DataFrame
    ties: Ties


def investigate(scene: Scene) -> Outbreak:
    """Find attackers, window and X; see `Outbreak`."""
    chain = _read_chain(scene, scene.known)
    found = _look(scene, chain, ())
    fresh = _fresh(found)
    if fresh.is_empty() and None in (found.windows.published.t1, found.windows.published.t2):
        fresh = _guess(scene, chain, found.windows.published)
    used: tuple[str, ...] = ()
    for _ in range(PASSES):
        attackers = with_discovered(scene.known, fresh.select("role", address="party"))
        x = _narrowing(found.rates.x, scene.deeds)
        if attackers.equals(chain.attackers) and x == used:
            break
        if not attackers.equals(chain.attackers):
            del chain, found  # both hold millions of moves, which are not needed beside the new ones
            chain = _read_chain(scene, attackers)
        found, used = _look(scene, chain, x), x
        fresh = _fresh(found)
    if found.rates.vetoed:
        # The data speaks against a person's word that an action is safe: its doers are exposed after all.
        again = gather_deeds(
            scene.intake, scene.laid, scene.shared.clients, scene.incident, scene.shelf, found.rates.vetoed
        )
        found = _look(replace(scene, deeds=again), chain, _narrowing(found.rates.x, again))
    return found


def _fresh(found: Outbreak) -> pl.DataFrame:
    return found.sinks.filter(~pl.col("known") & (pl.col("verdict") == "attacker"))


def _narrowing(x: tuple[str, ...], deeds: Deeds) -> tuple[str, ...]:
    """Give the X among whose doers further attackers are sought: all of them, or none where one is said to expose nobody.

    Of such an action there are no exposures: whoever was robbed through it would stand among the controls.
    """
    exposing = deeds.exposing.get_column("action").unique().cast(pl.String)
    return x if set(x) <= set(exposing) else ()


def _guess(scene: Scene, chain: _Chain, published: Window) -> pl.DataFrame:
    """Look for attackers inside the likeliest times of the attack; gives those of the best guess, or none.

    Among all who ever did what exposes, a few victims drown; among those of the right hours they stand out. Each guess is one
    more family of tests, and the bound on false finds is shared among them.
    """
    guesses = _guesses(scene, published)
    bound = FAMILY / (1 + len(guesses))
    best, lowest = scene.known.select("role", party="address").clear(), 1.0
    for guess in guesses:
        found = _fresh(_look(scene, chain, (), guess))
        sure = found.filter((pl.col("q_value") <= bound).fill_null(value=False))
        least = sure.get_column("q_value").min()
        if isinstance(least, float) and least < lowest:
            best, lowest = sure.select("role", "party"), least
    return best


def _guesses(scene: Scene, published: Window) -> list[Window]:
    """Give times to try: those in which files had changed, and from a known beginning until people were told.

    A notice is no end, and may come late; but most of what an attack does lies before it.
    """
    runs = changed_back(scene.tables["assets"], scene.incident, GUESSES_MOST)
    guesses = [Window(run.before, run.after) for run in runs]
    told = scene.incident.fact("public_notice")
    if told and published.t1 and published.t2 is None and told.time > published.t1:
        guesses.append(Window(published.t1, told.time))
    return guesses


def _read_chain(scene: Scene, attackers: pl.DataFrame) -> _Chain:
    """Read the chain with these attackers in mind."""
    tables, hostile = scene.tables, attackers.get_column("address")
    takes = takers(attackers)
    # A discovered address that logs show is no wallet to count, nor a control.
    watched = scene.watched.filter(~scene.watched.is_in(hostile.implode()))
    same = attackers.equals(scene.known)
    real = scene.real if same else real_tokens(tables["transfers"], tables["approvals"], watched, hostile)
    moves = moves_of(tables, scene.intake.kinds, watched, hostile, takes.get_column("address"), real)
    delegated = delegations_to(tables["delegations"], takes)
    taken = takings(moves, tables["transfers"], takes, delegated.select("chain_id", "wallet", "delegate", "since"))
    return _Chain(
        attackers=attackers,
        takers=takes,
        watched=watched,
        moves=moves,
        taken=taken,
        permissions=permissions({**tables, "approvals": scene.approvals}, takes, _read(tables)),
        delegated=delegated,
        harmed=_harmed(taken, scene.approvals, delegated, takes),
        dealings=dealings(moves, scene.approvals, scene.nobody),
        ties=find_ties(scene.shared, tables["transfers"], watched),
    )


def _look(scene: Scene, chain: _Chain, x: tuple[str, ...], guess: Window | None = None) -> Outbreak:
    """Do one pass with the attackers and the X known so far, inside the window that they show, or inside a guess.

    Attackers found in an earlier pass are tested again as if they were new: only people make an attacker known. Once X is
    known from some, further ones are sought among those who did X: who did other things is a control.
    """
    hostile = chain.attackers.get_column("address")
    exposing = scene.deeds.exposing.filter(~pl.col("address").is_in(hostile.implode()))
    windows = find_windows(
        scene.tables["assets"],
        scene.incident,
        _telling(exposing, chain.harmed, x, chain.watched),
    )
    placing = Placing(guess or windows.published, windows.bad_files, hostile, windows.physical)
    placed = placing.of(exposing)
    exposed = _exposed(placed)
    everyone = owners(chain.ties, chain.watched, exposed)
    counted = count_owners(chain.dealings, Groups(exposed, chain.watched, everyone))
    compared = [Groups(_did(placed, x), chain.watched, everyone)]
    if guess is None and windows.physical != windows.published:
        # The scan sees the window of the attackers known so far: thieves that took turns left their victims outside of it.
        wide = Placing(windows.physical, windows.bad_files, hostile).of(exposing)
        compared.append(Groups(_did(wide, x), chain.watched, owners(chain.ties, chain.watched, _exposed(wide))))
    seen = pl.col("logged") | pl.col("address").is_in(scene.deeds.kin.implode())
    logged = scene.sighted.filter(seen & pl.col("address").is_in(chain.watched.implode()))
    done = count_deeds(placing.of(scene.deeds.read()), logged.get_column("address").sort())
    return Outbreak(
        scene=scene,
        attackers=chain.attackers,
        takers=chain.takers,
        sinks=_all_sinks(scene, compared, chain, counted if not x else None),
        counted=counted,
        owners=everyone,
        moves=chain.moves,
        taken=chain.taken,
        permissions=chain.permissions,
        delegated=chain.delegated,
        harmed=chain.harmed,
        windows=windows,
        rates=attack_rates(done, chain.harmed, everyone),
        placing=placing,
        exposing=placed,
        exposed=exposed,
    )


def _did(placed: pl.DataFrame, x: tuple[str, ...]) -> pl.DataFrame:
    """Give who was exposed by X where it is known (`_exposed`)."""
    return _exposed(placed.filter(pl.col("action").is_in(list(x)) | pl.col("action").is_null()) if x else placed)


def _all_sinks(scene: Scene, compared: Sequence[Groups], chain: _Chain, first: pl.DataFrame | None) -> pl.DataFrame:
    """Test every party in each comparison, and follow known attackers and reports to further ones.

    `first` is the count of the first comparison, where it was made already.
    """
    not_it = pl.concat([scene.nobody, scene.known.get_column("address")])
    kinds = scene.intake.kinds
    sure = chain.takers.filter("confirmed").get_column("address")
    reported = scene.intake.reported(scene.incident)
    parts: list[pl.DataFrame] = []
    for groups in compared:
        counted = first if first is not None and not parts else count_owners(chain.dealings, groups)
        told = chain.moves.filter(~pl.col("inner"))
        more = follow(chain.taken, told, scene.approvals, reported, counted, kinds, sure, not_it)
        tested = find_sinks(chain.dealings, told, scene.approvals, scene.left, groups, scene.known, counted)
        parts += [tested.select(more.columns), more]
    both = pl.concat(parts)
    rank = pl.col("verdict").replace_strict({"attacker": 0, "suspect": 1, "ordinary": 2}, return_dtype=pl.Int32)
    # One row a party: the figures of the most telling test, with the worst of all verdicts.
    best = both.with_columns(rank=rank.min().over("role", "party"))
    first = best.sort("role", "party", "chain_id", "p_value", "victims", nulls_last=True).unique(
        ["role", "party", "chain_id"], keep="first", maintain_order=True
    )
    worst = pl.col("rank").replace_strict([0, 1, 2], ["attacker", "suspect", "ordinary"], return_dtype=pl.String)
    # What one pass found the next one drops only for a reason: X and window move while attackers are found, and would swing.
    before = chain.attackers.select("role", party="address", before=pl.lit(value=True)).unique()
    first = first.join(before, on=["role", "party"], how="left")
    stays = (
        pl.col("before").fill_null(value=False)
        & (pl.col("p_value") <= ALONE)
        & (pl.col("victims") >= pl.col("controls"))
    )
    verdict = pl.when("known").then("verdict").when(stays).then(pl.lit("attacker")).otherwise(worst)
    return first.with_columns(verdict=verdict).drop("rank", "before")


def _read(tables: Tables) -> pl.DataFrame:
    return pl.concat([tables["accounts"], tables["balances"]]).unique()


def _harmed(taken: pl.DataFrame, approvals: pl.DataFrame, delegated: pl.DataFrame, takes: pl.DataFrame) -> pl.DataFrame:
    """Give who was harmed, and when first: address, harmed_at. For a signature the harm is the signature, not its use."""
    known = takes.get_column("address").implode()
    signed = approvals.filter(pl.col("to_address").is_in(known) & (pl.col("value") != "0"))
    times = pl.concat(
        [
            taken.select(address="wallet", harmed_at="time"),
            signed.select(address="from_address", harmed_at="timestamp"),
            delegated.select(address="wallet", harmed_at="since"),
        ]
    )
    return (
        times.filter(~pl.col("address").is_in(known)).group_by("address").agg(pl.col("harmed_at").min()).sort("address")
    )


def _exposed(placed: pl.DataFrame) -> pl.DataFrame:
    """Give who surely did what exposes, inside the window: address, since (a little before, for clocks that differ)."""
    hit = placed.filter(
        pl.col("exposing") & pl.col("inside") & ((pl.col("strength") >= STRONG) | (pl.col("link") == "key"))
    )
    since = (pl.col("time").min() - CLOCK_SLACK).fill_null(_EPOCH)
    return hit.group_by("address").agg(since=since).sort("address")


def _telling(deeds: pl.DataFrame, harmed: pl.DataFrame, x: tuple[str, ...], watched: pl.Series) -> pl.DataFrame:
    """Give the exposures that say something on the window: address, time, harmed, harmed_at.

    Of the harmed only what they did before; of all only X where it is known. Nobody whose chain history was not read can be
    called unharmed.
    """
    hit = deeds.filter(
        pl.col("exposing")
        & (pl.col("strength") >= STRONG)
        & pl.col("time").is_not_null()
        & (pl.col("link") != "report")
    )
    hit = hit.filter(pl.col("action").is_in(list(x))) if x else hit
    told = hit.join(harmed, on="address", how="left").filter(
        pl.col("harmed_at").is_null() | (pl.col("time") <= pl.col("harmed_at") + CLOCK_SLACK)
    )
    told = told.filter(pl.col("harmed_at").is_not_null() | pl.col("address").is_in(watched.implode()))
    columns = told.select("address", "time", "harmed_at", harmed=pl.col("harmed_at").is_not_null())
    return columns.unique().sort("address", "time")
