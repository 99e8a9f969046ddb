"""Evidence: the codes with why they count, when they mislead and what to do, in one table; and its rows. Pure.

Weights are natural-log likelihood ratios: 2.3 makes something ten times as likely as before, 4.6 a hundred times. They are
judgement, not measurement; drills check what comes out of them (docs say that drills are not the field).
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import polars as pl

from exposure.assess.intake import plain
from exposure.tables import TABLES

# So many rows of one code are kept for one wallet; the text of each says how many there were.
ROWS_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An evidence code. It cannot be defined without why it counts, when it misleads and what to do.

    `weight` is its log likelihood ratio. The X codes set where the wallet starts from instead: the log odds of link strength ×
    chance that the payload was served; their weight is the most that one can have.
    """

    code: str
    title: str
    weight: float
    why: str
    misleads: str
    advice: str

    def __post_init__(self) -> None:
        empty = [
            field.name for field in fields(self) if isinstance(v := getattr(self, field.name), str) and not v.strip()
        ]
        if empty:
            raise ValueError(f"evidence code {self.code or '?'} lacks {', '.join(empty)}")


CODES: dict[str, Code] = {
    code.code: code
    for code in (
        Code(
            code="K1",
            title="a secret of this wallet stood in a log line",
            weight=9.0,
            why="whoever reads the line holds the private key, whether it was used yet or not",
            misleads="the owner may have published a test key, or pasted another wallet's key as a joke",
            advice="tell the owner to move everything now; find who could read that line",
        ),
        Code(
            code="K2",
            title="a recovery phrase of this wallet stood in a log line",
            weight=9.0,
            why="the phrase opens every account derived from it, on every chain",
            misleads="the phrase may be a published test phrase",
            advice="tell the owner to move everything of that phrase, on every chain; never show the phrase to anyone",
        ),
        Code(
            code="K3",
            title="its keystore was uploaded",
            weight=5.0,
            why="a malicious page asks for file and password together",
            misleads="without its password the file alone opens nothing for a long time",
            advice="treat the key as stolen",
        ),
        Code(
            code="X1",
            title="did X in the window",
            weight=4.6,
            why="the request itself names this wallet",
            misleads="anyone can request any address; a reverse proxy may have served the good file",
            advice="contact the owner and ask what they did",
        ),
        Code(
            code="X2",
            title="was open in the session that did X",
            weight=3.0,
            why="who does X in a session does it with a wallet of that session",
            misleads="an office or an explorer's reader looks at many addresses in one session",
            advice="ask the owner which wallet they used",
        ),
        Code(
            code="X3",
            title="did X with a file that its browser may have kept",
            weight=2.0,
            why="a browser that kept the malicious file runs it after the site was repaired",
            misleads="most browsers had fetched the good file again by then",
            advice="treat as exposed; ask whether the page had been open since before",
        ),
        Code(
            code="X4",
            title="reported by its owner",
            weight=2.2,
            why="owners know what they typed and what they did not send",
            misleads="half of all claims after an incident can be false, doubled, or about another theft",
            advice="check the report against logs and chain",
        ),
        Code(
            code="A1",
            title="its assets went to a known attacker",
            weight=7.0,
            why="value moved with the wallet's authority to an address that the team named",
            misleads="the team may have named an exchange, or the victim of another site of the same thieves",
            advice="report the theft; save what is left",
        ),
        Code(
            code="A2",
            title="its assets went to an address that the exposed share",
            weight=4.0,
            why="independent owners who were exposed pay it, and nobody else does",
            misleads="a sale or a bridge that opened that day draws the same people",
            advice="look at the address; name it in incident.toml if it is the attacker's",
        ),
        Code(
            code="A3",
            title="somebody else moved its assets, for nothing in return",
            weight=3.0,
            why="only the owner's signature allows that, and no control's assets were moved by this account",
            misleads="intent settlements, subscriptions and relayers do so too, and may pay ether that is not visible",
            advice="ask the owner whether they know it; revoke the approval",
        ),
        Code(
            code="A4",
            title="the attacker sent it gas",
            weight=3.0,
            why="a thief pays for the gas of wallets that hold tokens and no ether",
            misleads="attackers send dust to poison histories",
            advice="send no gas to this wallet: a sweeper takes it within seconds",
        ),
        Code(
            code="A5",
            title="most of what it held left to an address that nobody else uses",
            weight=0.5,
            why="modern drainers make an address for each theft",
            misleads="an owner who rescues a wallet does the very same",
            advice="ask the owner whether that address is theirs",
        ),
        Code(
            code="A6",
            title="an approval to the attacker stands",
            weight=5.0,
            why="the attacker can take what is approved at any moment",
            misleads="researchers approve on purpose",
            advice="revoke exactly this approval, at once",
        ),
        Code(
            code="A7",
            title="delegated to the attacker's code",
            weight=6.0,
            why="the attacker's code acts as this account; most such delegations follow a stolen key",
            misleads="a delegation that was cleared since does no harm any more",
            advice="treat the key as stolen: move what is left with a sponsored transaction",
        ),
        Code(
            code="A8",
            title="its assets were split at a drainer's ratio",
            weight=2.0,
            why="drainer services keep 10 to 30 % of each theft in the same transaction",
            misleads="fees and referral shares look alike",
            advice="look at both recipients",
        ),
        Code(
            code="A0",
            title="something towards an attacker that proves nothing",
            weight=0.0,
            why="shown so that nobody takes it for a theft",
            misleads="zero-value transfers and counterfeit tokens are sent in other people's names; messages are sent to thieves",
            advice="nothing follows from it",
        ),
        Code(
            code="N1",
            title="it moved to a wallet of the same owner",
            weight=-1.5,
            why="the recipient is tied to the same client or paid by the same person before",
            misleads="a thief who uses the victim's browser leaves the same traces",
            advice="ask the owner to confirm the rescue",
        ),
        Code(
            code="N2",
            title="what it paid is an ordinary address",
            weight=-2.0,
            why="wallets that were not exposed use it too",
            misleads="thieves pay into exchanges as well",
            advice="nothing follows from that payment",
        ),
        Code(
            code="N3",
            title="did only what a person has cleared",
            weight=-4.0,
            why="a named person has read the malicious code and vouches for the action",
            misleads="code that was read may not be the code that was served",
            advice="keep the wallet in view; the data can veto this",
        ),
        Code(
            code="N4",
            title="did X outside the window",
            weight=-3.0,
            why="the site was good then, as far as the published bounds hold",
            misleads="a window that is too narrow; a browser that kept the file",
            advice="check again whenever the window changes",
        ),
    )
}

# What makes a wallet `probable`: signs of harm. A5 is none, since a rescue looks the same.
SIGNS = ("A2", "A3", "A4", "A6", "A7", "A8")


def rows_of(code: str, rows: pl.DataFrame, *, weight: pl.Expr | None = None) -> pl.DataFrame:
    """Give rows of table `evidence` for one code.

    `rows` has the columns address, text, ref, and for an own weight whatever `weight` reads. The strongest rows of a wallet are
    kept, up to five, and say how many there were.
    """
    own = pl.lit(CODES[code].weight) if weight is None else weight
    found = rows.select("address", "text", "ref", weight=own.cast(pl.Float64), code=pl.lit(code))
    found = found.group_by("address", "code", "text", "ref").agg(pl.col("weight").max())
    found = found.sort("address", "weight", "ref", "text", descending=[False, True, False, False], nulls_last=True)
    place, count = pl.int_range(pl.len()).over("address"), pl.len().over("address")
    found = found.with_columns(
        text=pl.when(count > ROWS_MOST).then(pl.format("{} (one of {})", "text", count)).otherwise("text"), place=place
    )
    return found.filter(pl.col("place") < ROWS_MOST).select(TABLES["evidence"].schema.names())


def evidence_table(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Give table `evidence` of its parts."""
    return TABLES["evidence"].check(pl.concat([TABLES["evidence"].empty(), *map(plain, parts)]))
