"""`exposure init`: a commented incident.toml, asking nothing."""

from collections.abc import Sequence
from pathlib import Path

from exposure.case import INCIDENT_FILE, write_atomically
from exposure.errors import ExposureError
from exposure.incident_values import parse_address, parse_transaction_hash

_HEAD = """# incident.toml: what the team knows. Everything below that starts with # is optional: uncomment what you know.
# Times need a zone (Z is UTC). Check it at any time with: exposure status .

[incident]
name    = "{name}"
title   = "{title}"
# site    = ["examplewallet.com"]       # every affected host; public texts write it examplewallet[.]com
vector  = "unknown"                     # dns | cdn | script | extension | package | backend | unknown
status  = "ongoing"                     # ongoing | contained | resolved
control = "unsure"                      # lost | unsure | regained: who holds the site, its DNS, its mail
# zones   = ["America/New_York"]        # shown beside UTC in the texts

# [[fact]]                              # what people found out, each with its source
# kind   = "first_bad"                  # last_known_good | first_bad | last_bad | first_known_good | detected | public_notice
# time   = 2026-03-04T09:12:00Z
# source = "deploy log 4711"

# [window]
# lead  = "7d"                          # how long before the first exposure the chain is looked at, for controls
# tail  = "72h"                         # how long after the window harm is looked for on chain
# cache = "4h"                          # how long a browser may have kept the malicious file
"""

_LOGS = """
# [[logs]]                              # needed with [[action]] where there are logs
# path   = "logs/*.log.gz"              # file, folder or glob, from this folder on
# kind   = "access"                     # or events: analytics, error reports, sign-ins, a table of the app's database
# format = "auto"                       # or a name of: exposure formats
# log_format = '$remote_addr [$time_local] "$request" $status'   # the text of nginx log_format or Apache LogFormat
# timezone   = "Europe/Berlin"          # only where the lines carry none
# session    = "cookie:sid"             # where the lines hold it: tells people behind one IP address apart
# fields = { time = "ts", address = "user.id" }   # any other JSON, CSV or Parquet: docs/events.md

# [[action]]                            # the possible X, most specific first
# name     = "entered_seed_phrase"
# words    = "entered your recovery phrase"   # reads after "If you "
# exposure = "key"                      # key | approval | none
# match    = { method = "POST", path = '^/api/unlock/mnemonic' }
#                                       # match: regex on host, path, query, method, status, referer, event, version

# [[asset]]                             # the file that carried the attack, if known
# path  = "/static/app.js"
# bytes = [183422]                      # sizes of the malicious version, if known
"""

_ATTACKER = """
[[attacker]]
address   = "{address}"
role      = "sink"                      # sink (receives) | spender (was approved) | delegate (7702 code) | funder
exclusive = false                       # true: seen in this incident only
"""

_REPORT = """
[[report]]                              # what a person reported
address = "{address}"{tx}
source  = "named at the start of the case"
"""

_REPORT_TX_ONLY = """
# {tx} was named without an address: write the victim's address into a [[report]] and its hash as tx.
"""

_TAIL = """
[[chain]]                               # a stolen key is stolen on all chains: name each
name = "ethereum"                       # a name of: exposure chains
# Whoever runs a trusted endpoint learns which wallets you ask about; others are asked about the attackers, and for everybody's
# logs. In order; $NAME is read from the environment.
rpc  = [{ url = "$ETH_RPC_URL", trusted = true }]

# [advice]
# guide   = "https://help.example/new-wallet"     # how to do what the text asks
# support = "support@example"
# source  = "https://status.example/incident"     # the one public place that will be updated
# signer  = "ExampleWallet security team"
# next_update = "60m"
"""

_EXAMPLE_ATTACKER = """
# [[attacker]]
# address = "0x…"
# role    = "sink"                      # sink (receives) | spender (was approved) | delegate (7702 code) | funder

# [[report]]                            # what a person reported; or: file = "reports.csv"
# address = "0x…"
# time    = 2026-03-04T11:30:00Z
# did     = "entered_seed_phrase"
# tx      = "0x…"
# source  = "support ticket 815"
"""


def init_case(folder: Path, attackers: Sequence[str], victims: Sequence[str], transactions: Sequence[str]) -> Path:
    """Write a commented incident.toml into `folder` and give its path.

    Raises ExposureError where one is there already, or where an address or hash is not one.
    """
    file = folder / INCIDENT_FILE
    if file.exists():
        raise ExposureError(
            f"{file} is there already", "init never overwrites a case", "edit it, or name another folder"
        )
    sinks = [_checked(value, parse_address, "--attacker") for value in attackers]
    wallets = [_checked(value, parse_address, "--victim") for value in victims]
    hashes = [_checked(value, parse_transaction_hash, "--tx") for value in transactions]
    name = "".join(
        char if (char.isalnum() and char.isascii()) or char in "._-" else "-" for char in folder.resolve().name
    )
    text = _HEAD.format(name=name.strip("._-") or "incident", title="Incident") + _LOGS
    text += "".join(_ATTACKER.format(address=address) for address in sinks) if sinks or wallets else _EXAMPLE_ATTACKER
    for index, address in enumerate(wallets):
        tx = f'\ntx      = "{hashes[index]}"' if index < len(hashes) else ""
        text += _REPORT.format(address=address, tx=tx)
    text += "".join(_REPORT_TX_ONLY.format(tx=tx) for tx in hashes[len(wallets) :])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(file, (text + _TAIL).encode())
    return file


def _checked(value: str, parse: object, option: str) -> str:
    try:
        return str(parse(value))  # type: ignore[operator]
    except ValueError as error:
        raise ExposureError(
            f"{option} is not usable", str(error), f"give {option} once for each, and check what was copied"
        ) from None
