"""The edge of the shared sheet: whom it is for, which copies are merged, and what to know before it is passed on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exposure.errors import ExposureError
from exposure.tables import Audience

if TYPE_CHECKING:
    from exposure.pipeline import Pipeline


def share_sheet(pipeline: "Pipeline", share: Audience, copies: Sequence[Path], *, victims: bool) -> None:
    """Read people's edits and write the sheet for a circle. Raises ExposureError where the options contradict each other."""
    if victims and share != "public":
        raise ExposureError(
            f"--victims does not go with --share {share}",
            "it says that the public's files name victims; the other circles' files do anyway",
            "write --share public --victims, or leave --victims out",
        )
    if copies and share != "team":
        raise ExposureError(
            f"--merge does not go with --share {share}",
            "copies are merged into the team's sheet, since only that one holds people's words",
            f"merge first: exposure sheet --merge A B; then: exposure sheet --share {share}",
        )
    pipeline.read_people(copies)
    figures = pipeline.sheet(share, victims=victims, copies=copies)
    for warning in figures.get("warnings", ()):
        pipeline.teller.line(f"warning: {warning}")
