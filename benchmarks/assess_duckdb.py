"""The joins of the assessment as DuckDB SQL over the same Parquet files.

Who did what in the window, who lost what to attackers, who shares recipients and spenders, how many of each action's doers were
harmed, what stands at risk; evidence with its references, and one row a wallet, written to Parquet. It is told the
window, X and the attackers, and counts who shares parties twice, as the assessment does once it has found one. What SQL cannot
say in reason it is spared: owners by connected components (it counts clients), tests and intervals, thieves that take turns,
the temporal scan, ordinary movers, words.
"""

from pathlib import Path
from typing import Any

import duckdb

TABLES = ("sightings", "requests", "transfers", "transactions", "approvals", "balances", "candidates", "accounts")
NATIVE = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
SLACK = "INTERVAL 5 MINUTE"

DEEDS = """
CREATE TEMP TABLE deeds AS
SELECT s.address, s.time, s.link, s.strength, s.client, s.action, s.ref, r.host, r.asset_state,
       coalesce(s.action IN ({exposing}), false) AS exposing, s.time BETWEEN '{t1}' AND '{t2}' AS inside
FROM sightings s LEFT JOIN requests r
  ON r.source = split_part(s.ref, ':', 2) AND r.line = split_part(s.ref, ':', 3)::UBIGINT
"""
EXPOSED = """
CREATE TEMP TABLE exposed AS
SELECT address, min(time) - {slack} AS since FROM deeds WHERE exposing AND inside AND strength >= 0.5 GROUP BY 1
"""
# A client that shows few wallets is one owner's; other wallets are their own owners.
OWNERS = """
CREATE TEMP TABLE owners AS
WITH pairs AS (SELECT DISTINCT client, address FROM sightings),
     small AS (SELECT client, min(address) AS owner FROM pairs GROUP BY 1 HAVING count(*) BETWEEN 2 AND 8)
SELECT address, min(coalesce(owner, address)) AS owner FROM pairs LEFT JOIN small USING (client) GROUP BY 1
"""
# A token is real where wallets themselves send, take or approve it.
REAL = """
CREATE TEMP TABLE genuine AS
SELECT chain_id, token_address FROM transfers
WHERE standard <> 'native' AND value <> '0' AND transaction_from IN (from_address, to_address)
  AND transaction_from IN (SELECT address FROM candidates)
UNION SELECT chain_id, token_address FROM approvals
WHERE transaction_from = from_address AND from_address IN (SELECT address FROM candidates)
"""
MOVES = """
CREATE TEMP TABLE moves AS
WITH out AS (
  SELECT t.chain_id, t.transaction_hash, t.log_index, t.timestamp AS time, t.standard, t.token_address AS token,
         t.from_address AS wallet, t.to_address AS recipient, t.value, t.value_f64, t.transaction_from, t.transaction_to,
         t.standard = 'native' OR t.transaction_from = t.from_address AS own,
         t.value = '0' OR (t.standard = 'native' AND t.value_f64 < 1e-5) OR t.value_f64 < 1e-6 AS dust
  FROM transfers t LEFT JOIN genuine g USING (chain_id, token_address)
  WHERE t.from_address IN (SELECT address FROM candidates) AND t.from_address <> t.to_address
    AND (g.token_address IS NOT NULL OR t.standard = 'native')),
back AS (
  SELECT DISTINCT i.chain_id, i.transaction_hash, i.to_address, i.token_address
  FROM transfers i LEFT JOIN genuine g USING (chain_id, token_address)
  WHERE i.value <> '0' AND g.token_address IS NOT NULL)
SELECT o.*, c.transaction_hash IS NOT NULL AS called, EXISTS (
    SELECT 1 FROM back b WHERE b.chain_id = o.chain_id AND b.transaction_hash = o.transaction_hash
      AND b.to_address = o.wallet AND b.token_address <> o.token) AS back
FROM out o LEFT JOIN (SELECT chain_id, transaction_hash FROM transactions WHERE length(input) > 2) c
  USING (chain_id, transaction_hash)
"""
LOSSES = """
CREATE OR REPLACE TEMP TABLE losses AS
SELECT wallet AS address, chain_id, token, value AS amount, recipient AS attacker, transaction_hash, log_index, time
FROM moves WHERE recipient IN ({attackers}) AND value <> '0' AND own AND NOT back AND wallet NOT IN ({attackers})
"""
# Owners who first dealt with a party after their exposure, against those who did before, or were never exposed.
PARTIES = """
CREATE OR REPLACE TEMP TABLE parties AS
WITH dealings AS (
  SELECT 'sink' AS role, recipient AS party, wallet, time FROM moves WHERE NOT back AND NOT dust
  UNION ALL SELECT 'spender', to_address, from_address, timestamp FROM approvals WHERE value <> '0'),
since AS (SELECT owner, min(since) AS since FROM exposed JOIN owners USING (address) GROUP BY 1),
told AS (
  SELECT role, party, owner, bool_and(coalesce(time >= since, false)) AS after
  FROM dealings JOIN owners ON wallet = address LEFT JOIN since USING (owner) GROUP BY ALL)
SELECT role, party, count(*) FILTER (after) AS victims, count(*) FILTER (NOT after) AS controls FROM told GROUP BY ALL
"""
RATES = """
CREATE TEMP TABLE rates AS
WITH harmed AS (SELECT address, min(time) AS harmed_at FROM losses GROUP BY 1),
done AS (SELECT * FROM deeds WHERE inside AND action IS NOT NULL AND strength >= 0.5),
strata AS (
  SELECT action, host, asset_state, address, min(time) AS time FROM done
  GROUP BY GROUPING SETS ((action, address), (action, host, address), (action, asset_state, address)))
SELECT action, host, asset_state, count(*) AS exposed, count(*) FILTER (harmed_at >= time - {slack}) AS harmed
FROM strata LEFT JOIN harmed USING (address) GROUP BY 1, 2, 3
"""
RISK = """
CREATE TEMP TABLE risk AS
WITH now AS (
  SELECT chain_id, address, token_address AS token, arg_max(balance, block_number) AS amount FROM balances GROUP BY 1, 2, 3)
SELECT now.* FROM now SEMI JOIN exposed USING (address) WHERE amount <> '0'
"""
# The evidence table keeps five rows of each code and wallet: exposures, exposures outside the window, losses.
EVIDENCE = """
COPY (
  WITH hit AS (SELECT DISTINCT address FROM deeds WHERE exposing AND inside),
  rows AS (
    SELECT address, CASE WHEN inside THEN 'X1' ELSE 'N4' END AS code, strength AS weight, ref,
           'did "' || action || '" at ' || strftime(time, '%Y-%m-%d %H:%M:%S') || ' UTC' AS text
    FROM deeds WHERE exposing AND (inside OR address NOT IN (SELECT address FROM hit))
    UNION ALL SELECT address, 'A1', 7.0, 'tx:' || chain_id || ':' || transaction_hash,
           amount || ' of ' || token || ' went to ' || attacker FROM losses)
  SELECT * FROM rows QUALIFY row_number() OVER (PARTITION BY address, code ORDER BY weight DESC, ref) <= 5
  ORDER BY address, code, ref
) TO '{out}/evidence.parquet' (COMPRESSION zstd)
"""
WALLETS = """
COPY (
  WITH stand AS (
    SELECT address, string_agg(DISTINCT action, ', ' ORDER BY action) AS actions,
           min(time) FILTER (exposing AND inside) AS first_exposed, max(time) FILTER (exposing AND inside) AS last_exposed,
           bool_or(exposing AND inside AND strength >= 0.5) AS strong,
           max(CASE WHEN exposing AND inside THEN strength ELSE 0 END) AS chance
    FROM deeds GROUP BY 1),
  lost AS (SELECT address, string_agg(amount || ' ' || token, '; ' ORDER BY token, amount) AS lost FROM losses GROUP BY 1),
  safe AS (SELECT address, string_agg(amount || ' ' || token, '; ' ORDER BY token, amount) AS at_risk FROM risk GROUP BY 1)
  SELECT stand.*, kind, lost, at_risk, CASE WHEN lost IS NOT NULL THEN 'compromised' WHEN strong THEN 'exposed'
         WHEN first_exposed IS NOT NULL THEN 'possible' ELSE 'no_sign' END AS verdict
  FROM stand LEFT JOIN lost USING (address) LEFT JOIN safe USING (address) LEFT JOIN accounts USING (address)
  ORDER BY address
) TO '{out}/wallets.parquet' (COMPRESSION zstd)
"""


def ask(
    folder: Path, hidden: str, attackers: list[str], window: tuple[str, str], exposing: tuple[str, ...]
) -> dict[str, Any]:
    """Run all of it; gives the counts that the assessment makes too."""
    out = folder / "duckdb"
    out.mkdir(exist_ok=True)
    words = {"t1": window[0], "t2": window[1], "slack": SLACK, "out": out}
    words["exposing"] = ", ".join(f"'{name}'" for name in exposing)
    words["attackers"] = ", ".join(f"'{address}'" for address in attackers)
    with duckdb.connect() as base:
        base.execute(f"SET threads = 2; SET TimeZone = 'UTC'; SET temp_directory = '{out}/spill'")
        for name in TABLES:
            base.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/data/{name}.parquet')")
        for query in (
            DEEDS,
            EXPOSED,
            OWNERS,
            REAL,
            MOVES,
            LOSSES,
            PARTIES,
            LOSSES,
            PARTIES,
            RATES,
            RISK,
            EVIDENCE,
            WALLETS,
        ):
            base.execute(query.format(**words))
        return _counts(base, str(out)) | {"discovered": hidden in attackers}


def _counts(base: duckdb.DuckDBPyConnection, out: str) -> dict[str, Any]:
    def one(query: str) -> int:
        return int(base.sql(query).fetchall()[0][0])

    rates = base.sql("SELECT action, exposed, harmed FROM rates WHERE host IS NULL AND asset_state IS NULL ORDER BY 1")
    return {
        "wallets": one(f"SELECT count(*) FROM '{out}/wallets.parquet'"),
        "exposed": one(f"SELECT count(*) FROM '{out}/wallets.parquet' WHERE verdict IN ('compromised', 'exposed')"),
        "losses": one("SELECT count(*) FROM losses"),
        "robbed": one("SELECT count(DISTINCT address) FROM losses"),
        "rates": {action: [exposed, harmed] for action, exposed, harmed in rates.fetchall()},
        "at_risk": one("SELECT count(*) FROM risk"),
    }
