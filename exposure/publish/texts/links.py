"""The links that a text may carry: those of [advice], and none that the attacker may hold. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from exposure.incident import Incident
from exposure.incident_checks import link_host, registrable_domain
from exposure.publish.markdown import plain_link, plain_mail

# The list of public suffixes takes 0.1 s to read, and the same few hosts are asked about again and again.
domain_of = cache(registrable_domain)
# What hides where a link leads is the phisher's habit: readers are told not to follow it.
SHORTENERS = frozenset(
    (
        *(
            "bit.ly",
            "bl.ink",
            "buff.ly",
            "cutt.ly",
            "dub.sh",
            "goo.gl",
            "is.gd",
            "lnkd.in",
            "ow.ly",
            "rb.gy",
            "rebrand.ly",
        ),
        *("s.id", "short.io", "shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "v.gd"),
    )
)
# The site itself is named as safe to open in these alone, once it is ours again.
_MAY_LINK_SITE = ("followup", "banner")


@dataclass(frozen=True, slots=True)
class Links:
    """Links and addresses that may be shown as they are (None: none given, or not usable), and who signs."""

    guide: str | None
    support: str | None
    source: str | None
    signer: str | None
    next_update: datetime | None
    update_every: timedelta | None
    problems: tuple[str, ...] = ()
    on_site: tuple[str, ...] = ()

    def within(self, message: str) -> "Links":
        """Give what this message may carry: a link on the affected domain stands in `followup` and `banner` alone."""
        if message in _MAY_LINK_SITE or not self.on_site:
            return self
        return replace(
            self,
            guide=None if "guide" in self.on_site else self.guide,
            source=None if "source" in self.on_site else self.source,
        )


def usable_links(incident: Incident, now: datetime | None) -> Links:
    """Check the links of [advice].

    One that is not plain, that a shortener made, or that lies on the affected site while control is not regained, is left out.
    """
    affected = {domain_of(host) for host in incident.site}
    advice, problems = incident.advice, []
    usable: dict[str, str | None] = {}
    for key in ("guide", "support", "source"):
        value = getattr(advice, key)
        shown = None if value is None else plain_link(value) or (plain_mail(value) if key == "support" else None)
        usable[key] = shown
        if value is not None and shown is None:
            wanted = "link or mail address" if key == "support" else "link"
            problems.append(f"[advice] {key} is not shown: it is not a plain {wanted}")
        if shown and incident.control != "regained" and domain_of(link_host(shown)) in affected:
            usable[key] = None
            where = f"on the affected site while control is {incident.control}"
            problems.append(f"[advice] {key} is not shown: it lies {where}")
        if shown and domain_of(link_host(shown)) in SHORTENERS:
            usable[key] = None
            problems.append(f"[advice] {key} is not shown: a shortener hides where it leads, name the place itself")
    return Links(
        guide=usable["guide"],
        support=usable["support"],
        source=usable["source"],
        signer=advice.signer,
        next_update=now + advice.next_update if now and advice.next_update else None,
        update_every=advice.next_update,
        problems=tuple(problems),
        on_site=tuple(key for key, value in usable.items() if value and domain_of(link_host(value)) in affected),
    )
