"""The report: one self-contained page. It reads the case, and writes report/index.html for the team, or a public version.

No network: the page carries its style, its pictures and one script, and its own policy forbids everything else. The script only
searches, sorts and opens the wallets; without it the first of them are there. Every value is escaped, control and
direction-changing characters are shown as escapes. The public version names no wallet but confirmed attackers'.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment
from markupsafe import Markup

from exposure import __version__
from exposure.case import Case, write_atomically
from exposure.incident import Incident
from exposure.publish.facts import VERDICTS, Facts, gather, tied_wallets
from exposure.publish.html import csp_hash, page_environment
from exposure.publish.markdown import inert, plain
from exposure.publish.report.charts import attack_rates
from exposure.publish.report.explorer import STORY_READS, pack, stories
from exposure.publish.report.flows import find_flows
from exposure.publish.report.money import money_picture
from exposure.publish.report.pages import (
    ROWS,
    ROWS_NO_SIGN,
    ROWS_TRAIL,
    WALLETS_MOST,
    cover_rows,
    takers,
    trail_rows,
    wallet_rows,
)
from exposure.publish.report.reach import reach
from exposure.publish.report.savings import still_to_save
from exposure.publish.report.served_files import served_files
from exposure.publish.report.timeline import PUBLIC_STEP, timeline
from exposure.publish.report.timeline_counts import find_shade
from exposure.publish.summary import Summary, show_rate, summarise
from exposure.publish.texts.addressees import lead, outliers
from exposure.publish.texts.advise import READS
from exposure.publish.texts.claims import Checks, check_claims, problems
from exposure.publish.texts.known import unknowns
from exposure.publish.texts.sentences import Speaker, checksum
from exposure.publish.times import show_exact

MEANINGS = {
    "compromised": "proof: its secret was seen, or the attacker took from it",
    "probable": "signs of harm, no proof",
    "exposed": "did X in the window, must act; no harm seen yet",
    "possible": "the link to X is weak, or not well covered",
    "no_sign": "seen, and nothing points to X; never called safe",
}

# What the pictures are drawn from, beside what the texts look at.
PICTURE_READS = ("assets", "prices")

LEGEND = Markup(
    '<i class="key k-harm"></i><span>harmed, or assets taken</span><i class="key k-calm"></i><span>did it, no harm seen</span>'
    '<i class="key k-band"></i><span>T1 to T2</span><i class="key k-edge"></i><span>where T1 and T2 may lie</span>'
)


def write_report(case: Case, incident: Incident, *, public: bool = False) -> Path:
    """Write report/index.html (or report/public.html) from the tables as they stand, and give its path."""
    tables = {name: case.read(name) for name in (*READS, *PICTURE_READS)}
    if not public:
        tables |= {name: case.read(name) for name in STORY_READS}
    facts = gather(tables, incident, case.now())
    html = render_report(tables, incident, facts, case.read_manifest(), public=public)
    path = case.report / ("public.html" if public else "index.html")
    write_atomically(path, html.encode())
    return path


def render_report(
    tables: Mapping[str, Any], incident: Incident, facts: Facts, manifest: Mapping[str, Any], *, public: bool = False
) -> str:
    """Make the page. Pure; the same tables and manifest give the same bytes."""
    checks = check_claims(facts)
    tables = told_in_public(tables) if public else tables
    summed = summarise(tables, incident, facts, checks, {})
    pictures = timeline(tables, incident, facts, *([PUBLIC_STEP] if public else []))
    rates = attack_rates(summed.rates)
    money = money_picture(find_flows(tables, incident, facts, public=public))
    style, script = (
        (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
    )
    enemies = [enemy for enemy in facts.enemies if not public or (enemy.confirmed and not enemy.ordinary)]
    named = {enemy.address.lower() for enemy in enemies}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            style=Markup(style),  # noqa: S704  our own file
            style_hash=csp_hash(style),
            script=Markup(script),  # noqa: S704  our own file
            script_hash=csp_hash(script),
            team=not public,
            summary=summed,
            title=plain(inert(summed.title)) if public else summed.title,
            facts=facts,
            lead=_lead(facts, checks),
            sure=how_sure(facts, checks, summed),
            meanings=MEANINGS,
            several_chains=len(incident.chains) > 1,
            legend=LEGEND,
            bars=_bars(summed),
            timelines=[(Markup(picture.svg), picture) for picture in pictures],  # noqa: S704  drawn by us, text escaped by Vega
            rates=(Markup(rates.svg), rates) if rates else None,  # noqa: S704
            money=(Markup(money.svg), money) if money else None,  # noqa: S704
            takers=[one for one in takers(tables, incident, facts) if not public or one.address.lower() in named],
            enemies=[(checksum(enemy.address), enemy) for enemy in enemies],
            made=how_made(manifest),
            known=[(plain(sentence.text), False) for sentence in unknowns(Speaker(facts, checks))],
            **_team_parts(tables, incident, facts, summed, checks, public=public),
        )
    )


def _team_parts(
    tables: Mapping[str, Any], incident: Incident, facts: Facts, summed: Summary, checks: Checks, *, public: bool
) -> dict[str, Any]:
    """Give what only the team's version holds: wallets, the trail over other people's addresses, sources, problems."""
    if public:
        return dict.fromkeys(("trail", "wallets", "quiet", "cover", "problems"), ()) | {
            "trail_length": 0,
            "loud_wallets": 0,
            "packed": None,
            "saving": None,
            "reach": None,
            "served": None,
        }
    loud = tuple(verdict for verdict in VERDICTS if verdict != "no_sign")
    everyone = wallet_rows(tables, incident, VERDICTS, WALLETS_MOST)
    trail = trail_rows(tables, incident)
    saving = still_to_save(tables, incident)
    read = reach(tables, incident, facts)
    served = served_files(tables, incident, find_shade(tables, incident, facts))
    return {
        "served": (Markup(served.svg), served) if served else None,  # noqa: S704
        "reach": (Markup(read.svg), read) if read else None,  # noqa: S704
        "saving": (Markup(saving.svg), saving) if saving else None,  # noqa: S704  drawn by us, text escaped by Vega
        "trail": trail[:ROWS_TRAIL],
        "trail_length": len(trail),
        "wallets": [row for row in everyone if row.verdict in loud][:ROWS],
        "loud_wallets": sum(summed.verdicts[verdict] for verdict in loud),
        "quiet": wallet_rows(tables, incident, ("no_sign",), ROWS_NO_SIGN),
        "packed": pack(everyone, stories(tables, everyone)) if everyone else None,
        "cover": cover_rows(tables, incident),
        "problems": problems(checks),
    }


def told_in_public(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what public figures count: wallets that this incident is tied to, and losses that are proven (as the texts do)."""
    tied = tied_wallets(tables)
    proven = tied.filter(pl.col("verdict") == "compromised").get_column("address")
    losses = tables["losses"].filter(pl.col("address").is_in(proven.implode()))
    return {**tables, "wallets": tied, "losses": losses}


def _lead(facts: Facts, checks: Checks) -> list[tuple[str, bool]]:
    """Give the condition as the texts say it, without Markdown: (line, whether it is said loudly)."""
    speaker = Speaker(facts, checks)
    lines = [line for sentence in (*lead(speaker), *outliers(speaker)) for line in sentence.text.split("\n")]
    return [(plain(line.removeprefix("- ")), line.startswith("**")) for line in lines]


def _environment() -> Environment:
    environment = page_environment("exposure.publish.report")
    environment.filters |= {"exact": show_exact, "rate": show_rate}
    return environment


def how_sure(facts: Facts, checks: Checks, summed: Summary) -> list[tuple[str, str]]:
    """Say how well the condition is proven, as (holds, fails or note; sentence): victims, X, window, victims elsewhere."""
    found = [("holds" if checks["condition"].result == "passed" else "fails", _fits(facts))]
    if not any(rate.is_x == "yes" for rate in summed.rates):
        found.append(("fails", "Which action exposed people cannot be told from the data yet."))
    for window in summed.windows:
        if window.t1 is None:
            found.append(("fails", "The start is not bounded: it may have begun earlier than any sign of it."))
        elif window.t2 is None and not window.open:
            found.append(("fails", "The end is not bounded."))
    if facts.counts.elsewhere:
        text = f"{facts.counts.elsewhere:,} of the harmed wallets are tied to the attacker alone: the texts do not count them."
        found.append(("note", text))
    return found


def _fits(facts: Facts) -> str:
    """Say how many confirmed victims the condition describes, and how many others it frightens."""
    confirmed = [fit.answer for fit in facts.fits if fit.verdict == "compromised"]
    if not facts.conditions:
        return "There is no condition to try on the victims yet: no action of incident.toml exposes anyone."
    if not confirmed:
        return "No confirmed victim is tied to this incident yet, so the condition could not be tried on one."
    inside, outside = confirmed.count("inside"), confirmed.count("outside")
    text = f"{inside:,} of {len(confirmed):,} confirmed victims fit the condition"
    text += f", {outside:,} {'lies' if outside == 1 else 'lie'} outside it" if outside else ""
    untold = confirmed.count("cannot_tell")
    text += f", of {untold:,} it cannot be told" if untold else ""
    return f"{text}. It describes {facts.counts.described:,} wallets, {facts.counts.described_unharmed:,} of them unharmed so far."


def _bars(summed: Summary) -> list[tuple[str, float, float]]:
    """Give the proportions of the verdicts as (verdict, start, width) of 1000, each visible where it is not empty."""
    shares = {verdict: number for verdict, number in summed.verdicts.items() if number}
    least, whole = 8.0, sum(shares.values())
    widths = {verdict: max(least, 1000 * number / whole) for verdict, number in shares.items()}
    scale = 1000 / sum(widths.values()) if widths else 1.0
    found, start = [], 0.0
    for verdict, width in widths.items():
        found.append((verdict, round(start, 2), round(width * scale, 2)))
        start += width * scale
    return found


def how_made(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the page was made from: the program's version, as_of, and one hash over the inputs and tables."""
    kept = {key: manifest.get(key) for key in ("as_of", "incident", "tables")}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()
    as_of = manifest.get("as_of") or {}
    chains = as_of.get("chains") or {}
    tables = manifest.get("tables") or {}
    return {
        "version": __version__,
        "digest": digest,
        "chains": sorted((str(key), value.get("number"), value.get("hash")) for key, value in chains.items()),
        "tables": sorted((name, entry.get("rows"), entry.get("sha256")) for name, entry in tables.items()),
    }
