"""The report's picture of what is still to save, by wallet: whom to call first. Tables in, a picture out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import altair as alt
import polars as pl

from exposure.console import escape
from exposure.incident import Incident
from exposure.publish.facts import HARMED, VERDICTS
from exposure.publish.report.charts import CALM, HARM, INK, WIDTH, Picture, draw
from exposure.publish.tallies import Tally, shorten, tally, token_facts
from exposure.publish.texts.sentences import checksum

# Few have a price, so tokens are not added up: each has bars of its own.
_TOKENS, _WALLETS = 3, 8


def still_to_save(tables: Mapping[str, pl.DataFrame], incident: Incident) -> Picture | None:
    """Draw the wallets that hold most of each of the few most frequent tokens; nothing at risk gives no picture."""
    acting = tables["wallets"].filter(pl.col("verdict") != "no_sign").select("address", "verdict")
    rows = tables["holdings"].filter("at_risk").join(acting, on="address", how="inner", maintain_order="left")
    totals = [token for token in tally(rows, token_facts(tables, incident), incident) if not token.items][:_TOKENS]
    if not totals:
        return None
    charts, data, said = [], [], []
    for token in totals:
        held = rows.filter((pl.col("chain_id") == token.chain_id) & (pl.col("token") == token.token))
        top = held.sort("amount_f64", "address", descending=[True, False], nulls_last=True).head(_WALLETS)
        values = [_value(row, token) for row in top.iter_rows(named=True)]
        charts.append(_bars(values, token))
        data += [
            (value["address"], value["verdict"], value["exact"], f"{token.unit} ({token.short})") for value in values
        ]
        said.append(f"{token.text} in {token.wallets:,} wallets")
    chart = alt.vconcat(*charts, spacing=18)
    note = f"The {_WALLETS} wallets that hold most of each token. Each says its verdict; those harmed already are not yet empty."
    headers = ("wallet", "verdict", "still there", "token")
    return Picture(draw(chart, right=150), note, "Still to save: " + "; ".join(said), headers, tuple(data))


def _value(row: Mapping[str, Any], token: Tally) -> dict[str, Any]:
    held = replace(token, value=int(row["amount"]))
    return {
        "address": checksum(row["address"]),
        "name": shorten(checksum(row["address"])),
        "verdict": row["verdict"],
        "amount": row["amount_f64"] or 0.0,
        "exact": held.number,
        "label": f"{held.brief} {row['verdict'] if row['verdict'] in VERDICTS else ''}".strip(),
    }


def _bars(values: list[dict[str, Any]], token: Tally) -> Any:
    """Draw one token's bars, longest first; harmed and unharmed differ in lightness, too."""
    order = [value["name"] for value in values]
    y = alt.Y("name:N", sort=order, title=None).axis(
        ticks=False, domain=False, labelFontSize=12, labelFont="monospace", minExtent=110, maxExtent=110
    )
    x = alt.X("amount:Q", title=None, axis=None, scale=alt.Scale(zero=True))
    layers: list[Any] = []
    for harmed, colour in ((True, HARM), (False, CALM)):
        mine = [value for value in values if (value["verdict"] in HARMED) is harmed]
        base = alt.Chart(alt.InlineData(values=mine))
        layers.append(base.mark_bar(color=colour, height=11).encode(x=x, y=y))
        layers.append(base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(x=x, y=y, text="label:N"))
    where = f"{token.unit}{'' if token.native else ' ' + token.short} on {token.chain}"
    title = alt.TitleParams(escape(where), anchor="start", fontSize=13, fontWeight="normal", color=INK)
    return alt.layer(*layers).properties(width=WIDTH - 320, height=alt.Step(20), title=title)
