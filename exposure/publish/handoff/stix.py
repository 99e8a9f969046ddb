"""Indicators -> a STIX 2.1 bundle, by stix2. Pure.

STIX itself has no wallets: `cryptocurrency-wallet` is the observable that OpenCTI and others use, its id made of its value as
the standard asks. TLP 2.0 marks are the objects that OASIS published for it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from exposure.incident import Incident
from exposure.publish.handoff.indicators import Indicator

_TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_TLP_IDS = {
    "TLP:CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "TLP:AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "TLP:AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
}
_TLP_CREATED = datetime(2022, 10, 1, tzinfo=UTC)


def stix_bundle(incident: Incident, indicators: Sequence[Indicator], mark: str, as_of: datetime) -> str:
    """Give the bundle as JSON: observables, an indicator for each confirmed attacker, and how they relate to the incident.

    The same indicators give the same text.
    """
    import stix2

    marking = stix2.MarkingDefinition(
        id=_TLP_IDS[mark],
        created=_TLP_CREATED,
        name=mark,
        extensions={
            _TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": mark.partition(":")[2].lower()}
        },
    )

    def about(kind: str, *parts: str) -> dict[str, Any]:
        """Give what every object bears: an id that stays, the pinned time, the mark."""
        made = uuid5(NAMESPACE_URL, ":".join(("exposure:stix", incident.name, mark, kind, *parts)))
        return {"id": f"{kind}--{made}", "created": as_of, "modified": as_of, "object_marking_refs": [marking.id]}

    happened = stix2.Incident(name=incident.title, description=f"case {incident.name}", **about("incident"))
    objects: list[Any] = [marking, happened]
    known: set[str] = set()
    for indicator in indicators:
        wallet = _wallet_class()(value=indicator.address, object_marking_refs=[marking.id])
        objects += [] if wallet.id in known else [wallet]  # a thief may have been robbed, too
        known.add(wallet.id)
        tied = (indicator.kind, indicator.address)
        objects.append(
            stix2.Relationship(
                source_ref=wallet.id,
                relationship_type="related-to",
                target_ref=happened.id,
                description=indicator.text,
                **about("relationship", *tied),
            )
        )
        if indicator.kind != "attacker" or not indicator.sure:
            continue  # an indicator makes programs act: it is for confirmed attackers alone
        sign = stix2.Indicator(
            name=indicator.address,
            description=indicator.text,
            indicator_types=["malicious-activity"],
            pattern=f"[cryptocurrency-wallet:value = '{indicator.address}']",
            pattern_type="stix",
            valid_from=indicator.first or as_of,
            **about("indicator", *tied),
        )
        objects.append(sign)
        objects.append(
            stix2.Relationship(
                source_ref=sign.id,
                relationship_type="based-on",
                target_ref=wallet.id,
                **about("relationship", "based-on", *tied),
            )
        )
    bundle = about("bundle")
    return str(stix2.Bundle(*objects, id=bundle["id"], allow_custom=True).serialize(pretty=True)) + "\n"


@cache
def _wallet_class() -> Any:
    """Declare the observable once: stix2 keeps a register of them."""
    import stix2

    @stix2.v21.CustomObservable(
        "cryptocurrency-wallet",
        [
            ("value", stix2.properties.StringProperty(required=True)),
            ("spec_version", stix2.properties.StringProperty(fixed="2.1")),
            (
                "object_marking_refs",
                stix2.properties.ListProperty(
                    stix2.properties.ReferenceProperty(valid_types="marking-definition", spec_version="2.1")
                ),
            ),
        ],
        ["value"],
    )
    class CryptocurrencyWallet:
        """A wallet's address."""

    return CryptocurrencyWallet
