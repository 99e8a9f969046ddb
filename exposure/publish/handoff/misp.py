"""Indicators -> an event for MISP, by pymisp, which keeps the templates of MISP's objects. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from exposure.chain.presets import preset_of
from exposure.incident import Incident
from exposure.publish.handoff.indicators import Indicator

# Whoever imports it decides whom to share it with: the TLP mark says how far it may go.
_OWN_ORGANISATION_ONLY = 0
_ANALYSIS = {"ongoing": 1, "contained": 1, "resolved": 2}  # 1 under way, 2 complete
_THREAT_LEVEL_HIGH = 1


def misp_event(incident: Incident, indicators: Sequence[Indicator], mark: str, as_of: datetime) -> str:
    """Give the event as JSON: one `coin-address` object per address. The same indicators give the same text."""
    from pymisp import MISPEvent, MISPObject

    event = MISPEvent()
    event.uuid = _uuid(incident.name, mark)
    event.info = f"{incident.title}: addresses"
    event.date = as_of.date()
    event.timestamp = int(as_of.timestamp())
    event.distribution = _OWN_ORGANISATION_ONLY
    event.threat_level_id = _THREAT_LEVEL_HIGH
    event.analysis = _ANALYSIS[incident.status]
    event.add_tag(mark.lower())
    for indicator in indicators:
        own = MISPObject("coin-address", standalone=False)
        own.uuid = _uuid(incident.name, mark, indicator.kind, indicator.address)
        own.timestamp = event.timestamp
        own.comment = indicator.text
        values: dict[str, str | datetime] = {"address-crypto": indicator.address, "text": indicator.text}
        symbols = {
            preset_of(chain).symbol for chain in indicator.chains or tuple(chain.id for chain in incident.chains)
        }
        if len(symbols) == 1:
            values["symbol"] = symbols.pop()
        values |= {"first-seen": indicator.first} if indicator.first else {}
        values |= {"last-seen": indicator.last} if indicator.last else {}
        for name, value in values.items():
            own.add_attribute(
                name,
                value=value,
                # A program that blocks what it is given must not block victims, nor what nobody has confirmed.
                to_ids=name == "address-crypto" and indicator.kind == "attacker" and indicator.sure,
                uuid=_uuid(incident.name, mark, indicator.kind, indicator.address, name),
                timestamp=event.timestamp,
            )
        event.add_object(own)
    return str(event.to_json(indent=2, sort_keys=True)) + "\n"


def _uuid(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "exposure:misp:" + ":".join(parts)))
