"""What people reported, as sightings. Pure."""

import polars as pl

from exposure.incident import Incident
from exposure.tables import TABLES

# Of the claims after Trust Wallet 2.68 about half were false or doubled (some 5,000 for 2,596 addresses); the other reports
# come from people whom support has spoken to. Above 0.5: who says that it happened must be told to act.
REPORT_STRENGTH = 0.7


def report_sightings(incident: Incident) -> pl.DataFrame:
    """Give one sighting a report: link `report`, ref `report:N` with N from 1 in the order of incident.toml.

    `time` and `action` are null where the report does not say them. No reports give an empty table.
    """
    return TABLES["sightings"].frame(
        [
            {
                "address": report.address,
                "time": report.time,
                "link": "report",
                "strength": REPORT_STRENGTH,
                "action": report.did,
                "ref": f"report:{number}",
            }
            for number, report in enumerate(incident.reports, start=1)
        ]
    )


def reported_transactions(incident: Incident) -> pl.DataFrame:
    """Give the transactions that reports name as the theft: address, transaction_hash, ref. Empty where none does."""
    rows = [
        (report.address, report.tx, f"report:{number}")
        for number, report in enumerate(incident.reports, start=1)
        if report.tx is not None
    ]
    return pl.DataFrame(
        rows, schema={"address": pl.String, "transaction_hash": pl.String, "ref": pl.String}, orient="row"
    )
