"""The one loop: stages, rounds of pull and assess, lock, as_of. Every command that does a step comes through here.

The stages publish as they go: first what the chain alone says of the known attackers and reports, then what the logs add,
then rounds of pull and assess until no new attacker or address appears.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from exposure.case import Case, hash_file
from exposure.console import Teller
from exposure.errors import ExitCode, ExposureError
from exposure.incident import Incident
from exposure.tables import TABLES, Audience

if TYPE_CHECKING:
    from exposure.chain.pull import Wanted
    from exposure.logs.reading.reader import Reader

# A new attacker brings new victims, who bring a new attacker: real cases end after two rounds.
MAX_ROUNDS = 4


@dataclass(slots=True)
class Outcome:
    """What a command did: figures by stage, and what needs a person (then the exit code is 1)."""

    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, stage: str, figures: Mapping[str, Any]) -> None:
        """Note a stage's figures and problems."""
        rest = dict(figures)
        self.note(rest.pop("problems", []))
        self.figures[stage] = rest

    def note(self, problems: Iterable[str]) -> None:
        """Note what needs a person; the same problem is said once."""
        self.problems += [problem for problem in dict.fromkeys(problems) if problem not in self.problems]

    @property
    def exit_code(self) -> ExitCode:
        """Tell the shell whether a person is needed."""
        return ExitCode.NEEDS_A_PERSON if self.problems else ExitCode.DONE


class Pipeline:
    """The steps of one case, for one run. Hold `case.lock()` around it."""

    def __init__(
        self,
        incident: Incident,
        case: Case,
        teller: Teller,
        now: datetime,
        *,
        allow_untrusted: bool = False,
        reader: "Reader | None" = None,
    ) -> None:
        self.incident = incident
        self.case = case
        self.teller = teller
        self.now = now
        self.allow_untrusted = allow_untrusted
        self._reader = reader
        self.outcome = Outcome(problems=list(incident.problems))

    def run(self, *, refresh: bool = False, head: str = "finalized") -> Outcome:
        """Do all steps, in stages that publish as they go."""
        old = self.case.renew()
        if old:
            self.teller.line(f"tables of another version of exposure are made anew: {', '.join(old)}")
        self._begin()
        self.read_people()
        reached = self._try(lambda: self.pin(refresh=refresh, head=head))
        if reached and (self.incident.attackers or self.incident.reports):
            self._stage("attackers' side", ("attackers", "state"))
        if self.incident.logs:
            self._try(self.ingest)
        elif not reached:
            raise ExposureError(
                "there is nothing to work with",
                "this case has no logs, and no chain could be asked: " + "; ".join(self.outcome.problems),
                "check the rpc entries of incident.toml, or add [[logs]]",
            )
        self._rounds(reached=reached)
        self.publish()
        with self.case.manifest() as manifest:
            manifest["complete"] = not self.outcome.problems
        return self.outcome

    def _begin(self) -> None:
        """Pin the wall time and mark the manifest incomplete until the run is done."""
        with self.case.manifest() as manifest:
            manifest["complete"] = False
            manifest["incident"] = {"sha256": hash_file(self.case.folder / "incident.toml"), "name": self.incident.name}
            manifest.setdefault("as_of", {}).setdefault("time", self.now.isoformat())

    def _try(self, step: Callable[[], None]) -> bool:
        """Do a step whose failure leaves other work to do: the rest goes on, and a person is told."""
        try:
            step()
        except ExposureError as error:
            self.outcome.note([f"{error.what}: {error.why}. {error.fix}"])
            self.teller.line(f"went on without: {error.what}")
            return False
        return True

    def pin(self, *, refresh: bool = False, head: str = "finalized") -> None:
        """Pin the head of every chain, so that two runs ask about the same state."""
        from exposure.chain.pull import pin

        self._begin()
        pin(self.incident, self.case, self.teller, self.now, refresh, head)

    def read_people(self, copies: Sequence[Path] = ()) -> None:
        """Read what people typed into the sheet, and into further copies of it."""
        from exposure.publish.sheet.keep import read_people

        people, problems = read_people(self.case, copies)
        self.case.write("people", people)
        self.outcome.add("people", {"rows": people.height, "problems": problems})

    def ingest(self) -> None:
        """Read the logs, and note the hashes of their files."""
        from exposure.arrivals import note_arrivals, read_files
        from exposure.logs.ingest import ingest
        from exposure.logs.reading.reader import read_here
        from exposure.watch.journal import left_out

        figures = ingest(self.incident, self.case, self.teller, reader=self._reader or read_here)
        self.outcome.add("ingest", figures)
        self.outcome.note(note_arrivals(self.case, read_files(self.case), self.now).problems)
        self.outcome.note(left_out(self.case))
        self.case.finish_stage("ingest", self.outcome.figures["ingest"])

    def _wanted(self) -> "Wanted":
        """Say which addresses and times the chain is asked about."""
        from exposure.assess.candidates import attack_start, candidates, span, with_attacker_side
        from exposure.assess.reports import report_sightings
        from exposure.chain.pull import Wanted

        named = self._resolve_names()
        self.case.write_part("sightings", report_sightings(self.incident), pl.col("link") == "report")
        sightings, attackers = self.case.scan("sightings"), self.attackers()
        asked = candidates(sightings, self.incident, self.case.read("people"), attackers)
        before = self.case.scan("candidates").filter(pl.col("reason") == "signature").collect()
        asked, left_out = with_attacker_side(asked, self.case.read("losses"), self._signers(), before)
        self.case.write("candidates", asked)
        self._tell_left_out(left_out)
        start, end = span(sightings, self.incident, attackers, self.as_of())
        # Users of the contracts count as sightings, and these set the span: the look-back must not look back from itself.
        settings = self.incident.window
        used_until = end if attackers.height else max(end - settings.tail, start)
        used_from = min(start + settings.lead, end)
        began = attack_start(self.case.read("windows"), sightings, self.incident)
        return Wanted(asked, attackers, start, end, named, used_from, used_until, self._flagged(), began)

    def _signers(self) -> pl.DataFrame:
        """Give who allowed something to an attacker, as the last assessment has it."""
        from exposure.assess.candidates import signers

        return signers(self.case.scan("evidence"), self.case.scan("wallets"))

    def _tell_left_out(self, number: int) -> None:
        """Say once of how many signers the own history is not read, with the last number."""
        what = "more wallets signed for an attacker than have their own history read: of "
        self.outcome.problems = [problem for problem in self.outcome.problems if not problem.startswith(what)]
        if number:
            rest = "what they hold and allow was read, and nothing else. Paste those that matter into the sheet and run again"
            self.outcome.note([f"{what}{number:,} {rest}"])

    def _flagged(self) -> tuple[str, ...]:
        """Give the wallets that must act, as the last assessment has it, the most urgent first: traces are dear."""
        wallets = self.case.scan("wallets").select("address", "verdict", "urgency")
        must_act = wallets.filter(pl.col("verdict").is_in(["compromised", "probable", "exposed"]))
        urgent = must_act.collect(engine="streaming").sort(
            pl.col("urgency").fill_null(0.0), "address", descending=[True, False]
        )
        return tuple(urgent.get_column("address"))

    def _resolve_names(self) -> pl.DataFrame:
        """Add the sightings of ENS names that were resolved by now; give the names that stand in the logs."""
        from exposure.logs.names import named_sightings, names_in

        requests = self.case.scan("requests")
        found = names_in(requests)
        seen = named_sightings(requests, found, self.case.read("names"))
        key = TABLES["sightings"].key
        known = self.case.scan("sightings").join(seen.lazy(), on="address", how="semi").collect(engine="streaming")
        new = seen.unique(key, keep="first", maintain_order=True).join(known, on=key, how="anti", nulls_equal=True)
        if not new.is_empty():
            self.case.add_rows("sightings", new)
        return found.select("name", "time").unique().sort("name", "time")

    def attackers(self) -> pl.DataFrame:
        """Give the attackers known so far: those of incident.toml before the first assessment."""
        from exposure.assess.attackers import configured_attackers

        return self.case.read("attackers") if self.case.has("attackers") else configured_attackers(self.incident)

    def as_of(self) -> datetime:
        """Give the pinned wall time."""
        return self.case.now() or self.now

    def pull(self, layers: tuple[str, ...] = ("attackers", "state", "history")) -> None:
        """Ask the chain, layer by layer."""
        from exposure.chain.pull import pull

        wanted = self._wanted()
        for layer in layers:
            figures = pull(
                self.incident,
                self.case,
                wanted,
                layer,  # type: ignore[arg-type]
                self.teller,
                allow_untrusted=self.allow_untrusted,
            )
            self.outcome.add(f"pull {layer}", figures)
            self.case.finish_stage(f"pull {layer}", self.outcome.figures[f"pull {layer}"])

    def assess(self) -> None:
        """Find X, the window, the attackers, and judge every wallet."""
        from exposure.assess.assess import assess_on
        from exposure.assess.shelf import Shelf
        from exposure.assess.takings import fact_table, takings
        from exposure.chain.worth import with_usd
        from exposure.judging import judge_again

        tables = {name: self.case.scan(name) for name in TABLES}
        prices = self.case.read("prices")
        with self.case.scratch("assess") as scratch:
            for name, rows in assess_on(Shelf(scratch), tables, self.incident, self.as_of()).items():
                self.case.write_sorted(name, with_usd(rows, prices) if name in ("losses", "holdings") else rows)
        self.case.write("takings", takings(self.case.read("losses"), self.case.read("tokens")))
        self.case.write("facts", fact_table(self.incident))
        self.case.write("reports", judge_again(self.case, self.incident, self.as_of()))
        self.case.finish_stage("assess", {"wallets": self.case.count("wallets")})

    def _stage(self, name: str, layers: tuple[str, ...]) -> None:
        """Pull some layers, assess, and publish the sheet as it stands."""
        self._try(lambda: self.pull(layers))
        self.assess()
        figures = self.sheet()
        self.teller.line(f"sheet after {name}: {figures.get('rows', 0)} wallets, {self.case.sheet / 'affected.xlsx'}")

    def _rounds(self, *, reached: bool) -> None:
        if not reached:
            self._wanted()
            self.assess()
            return
        for number in range(1, MAX_ROUNDS + 1):
            before = self._known()
            if number == 1:
                self._stage("the head state of all candidates", ("attackers", "state"))
            pulled = self._try(self.pull)
            self.assess()
            if not pulled or (self._known() == before and number > 1):
                return
        self.outcome.problems.append(
            f"after {MAX_ROUNDS} rounds there were still new attackers or addresses: run again to follow them further"
        )

    def _known(self) -> tuple[frozenset[str], ...]:
        """Give the attackers, the robbed and the signers found so far: a round that adds none is the last."""
        found = (self.attackers(), self.case.read("losses"), self._signers())
        return tuple(frozenset(frame.get_column("address").to_list()) for frame in found)

    def sheet(
        self, share: Audience = "team", *, victims: bool = False, copies: Sequence[Path] = ()
    ) -> Mapping[str, Any]:
        """Write the shared spreadsheet, or what a wider circle may see of it."""
        from exposure.publish.sheet.keep import write_sheet

        figures = write_sheet(self.case, self.incident, share, victims=victims, copies=copies)
        self.outcome.add("sheet", figures)
        return figures

    def advise(self) -> None:
        """Write the texts and their claims."""
        from exposure.publish.texts.advise import advise

        self.outcome.add("advise", advise(self.case, self.incident, self.now))

    def report(self, *, public: bool = False) -> None:
        """Write the report."""
        from exposure.publish.report.write import write_report

        self.outcome.add("report", {"path": str(write_report(self.case, self.incident, public=public))})

    def check(self, *, to_publish: bool = False) -> None:
        """Write the public "am I affected?" page; `to_publish` it, a second person must have read its text."""
        from exposure.publish.check.write import write_check

        self.outcome.add("check", write_check(self.case, self.incident, self.now, to_publish=to_publish))

    def handoff(self) -> None:
        """Write the files for those who can help."""
        from exposure.publish.handoff.write import write_handoff

        self.outcome.add("handoff", write_handoff(self.case, self.incident, self.now))

    def publish(self) -> None:
        """Write everything that people read."""
        self.sheet()
        self.advise()
        self.report()
        self.check()
        self.handoff()
