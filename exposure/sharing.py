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
    _check_victims(share, victims=victims)
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


def export(pipeline: "Pipeline", share: Audience, *, misp: bool, stix: bool, victims: bool) -> list[Path]:
    """Write the addresses for other teams' programs into export/ (both formats where none is named); gives the files.

    Raises ExposureError where the options contradict each other or nothing was assessed yet.
    """
    from exposure.case import write_atomically
    from exposure.publish.handoff import indicators
    from exposure.publish.handoff import misp as misp_format
    from exposure.publish.handoff import stix as stix_format
    from exposure.publish.sheet.columns import TLP
    from exposure.publish.sheet.files import WHY_NOT

    _check_victims(share, victims=victims)
    case, incident = pipeline.case, pipeline.incident
    if not case.has("attackers"):
        raise ExposureError(
            "there is nothing to export", "this case was not assessed yet", f"run: exposure run {case.folder}"
        )
    tables = {name: case.read(name) for name in ("attackers", "wallets", "losses")}
    chosen = indicators.attackers(tables)
    named = "-with-victims" if victims else ""
    if victims:
        pipeline.teller.line(f"warning: {WHY_NOT}")
    if victims or share != "public":
        chosen += indicators.victims(tables, share)
    formats = {"misp": misp_format.misp_event, "stix": stix_format.stix_bundle}
    wanted = [name for name, asked in (("misp", misp), ("stix", stix)) if asked] or list(formats)
    files = []
    for name in wanted:
        path = case.folder / "export" / f"addresses.{share}{named}.{TLP[share].replace(':', '-')}.{name}.json"
        write_atomically(path, formats[name](incident, chosen, TLP[share], pipeline.as_of()).encode())
        files.append(path)
    kinds = [indicator.kind for indicator in chosen]
    figures = {"attackers": kinds.count("attacker"), "victims": kinds.count("victim")}
    pipeline.outcome.add("export", {**figures, "files": [path.name for path in files]})
    return files


def _check_victims(share: Audience, *, victims: bool) -> None:
    if victims and share != "public":
        raise ExposureError(
            f"--victims does not go with --share {share}",
            "it says that the public's files name victims; the other circles' files do anyway",
            "write --share public --victims, or leave --victims out",
        )
