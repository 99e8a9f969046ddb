"""One look's tables: the steps of `exposure run`, on what was followed and on the heads that were just seen."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from exposure.case import Case
from exposure.console import Teller
from exposure.errors import ExposureError
from exposure.incident import Incident
from exposure.pipeline import Pipeline
from exposure.watch.follow import Follower
from exposure.watch.heads import Heads
from exposure.watch.logs import note_followed, write_tables


class LookPipeline(Pipeline):
    """`Pipeline.run` with other ends: logs from the journal, heads that are known, and nothing published before all is whole.

    `exact` takes the very way of a run. Otherwise the stages that a run only publishes early are left out: in half the time both
    end at the same tables, unless what a stage believes for a moment leads the rounds elsewhere.
    """

    def __init__(
        self,
        incident: Incident,
        case: Case,
        teller: Teller,
        now: datetime,
        follower: Follower,
        missing: Sequence[str],
        heads: Heads,
        *,
        exact: bool,
        allow_untrusted: bool = False,
    ) -> None:
        super().__init__(incident, case, teller, now, allow_untrusted=allow_untrusted)
        self._follower = follower
        self._missing = missing
        self._heads = heads
        self._exact = exact

    def pin(self, *, refresh: bool = False, head: str = "finalized") -> None:  # noqa: ARG002 - the step's signature
        """Pin the heads that were just seen. Raises ExposureError where no chain answers."""
        down = {name: f"it does not answer: {down.why}" for name, down in self._heads.down.items()}
        with self.case.manifest() as manifest:
            manifest["as_of"] = {"time": self.now.isoformat(), "chains": dict(self._heads.there)}
            if down:
                manifest["as_of"]["failed"] = down
        if self.incident.chains and not self._heads.there:
            why = "; ".join(down.values()) or "none was asked yet"
            raise ExposureError("no chain could be asked", why, "what they told before stands; the watch asks again")

    def read_people(self, copies: Sequence[object] = ()) -> None:  # noqa: ARG002 - the step's signature
        """Read the sheet; one that is being saved just now is read by the next look."""
        self._try(super().read_people)

    def ingest(self) -> None:
        """Make the tables of what was followed."""
        figures = write_tables(self.incident, self.case, self.teller, self._follower, self._missing)
        self.outcome.add("ingest", figures)
        note_followed(self.case, [file for file, _ in self._follower.sources(self.incident)], self.now)
        self.case.finish_stage("ingest", self.outcome.figures["ingest"])

    def sheet(self, *_: object, **__: object) -> Mapping[str, object]:
        """Write no sheet: that is done once the tables are in their place."""
        return {}

    def publish(self) -> None:
        """Publish nothing: the watch does, once the tables are in their place."""

    def _stage(self, name: str, layers: tuple[str, ...]) -> None:  # noqa: ARG002 - the step's signature
        if self._exact:
            self._try(lambda: self.pull(layers))
            self.assess()
