"""What a sentence is, and who speaks: the facts, the checks, and the few phrases that many sentences share. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from exposure.publish import times
from exposure.publish.enemies import Enemy
from exposure.publish.facts import Condition, Facts
from exposure.publish.markdown import break_host, inert, join_or, plain
from exposure.publish.texts.claims import Check, Checks, Result, worst


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence (Markdown, safe to post), what it claims, and the checks that allow it."""

    text: str
    claim: str
    checks: tuple[Check, ...]

    @property
    def result(self) -> Result:
        """Give the weakest of its checks."""
        return worst(self.checks)


class Speaker:
    """Makes sentences from one set of facts, and knows what of them is proven."""

    def __init__(self, facts: Facts, checks: Checks) -> None:
        self.facts = facts
        self.checks = checks

    def say(self, text: str, claim: str, *checks: str) -> Sentence:
        """Make a sentence that rests on the checks of these names."""
        return Sentence(text, claim, tuple(self.checks[name] for name in checks or ("none",)))

    def proven(self, *checks: str) -> bool:
        """Tell whether all of these checks passed."""
        return all(self.checks[name].result == "passed" for name in checks)

    def where(self, hosts: Sequence[str] | None = None) -> str:
        """Give ` on examplewallet[.]com`, always broken; nothing where no site is named."""
        hosts = self.facts.sites if hosts is None else hosts
        return f" on {join_or(map(break_host, hosts))}" if hosts else ""


def show_sites(facts: Facts) -> str:
    """Name the affected sites, broken, as plain text; "" where none is named."""
    return plain(join_or(map(break_host, facts.sites)))


def subject(facts: Facts) -> str:
    """Give the line that stands above a whole text, where there is no room for the condition: whom it is for, in plain text."""
    sites = show_sites(facts)
    return f"If you used {sites}: please check if your wallet is affected" if sites else plain(inert(facts.title))


def show_words(condition: Condition) -> str:
    """Give what was done, as it reads after "If you "."""
    return show_words_of(condition.words)


def show_words_of(words: Sequence[str]) -> str:
    """Give words of incident.toml, as they read after "If you "."""
    return join_or([inert(word) for word in words])


def show_when(condition: Condition) -> str:
    """Give when, rounded outward."""
    return times.show_when(condition.public_t1, condition.public_t2)


def show_enemies(enemies: Sequence[Enemy]) -> str:
    """List addresses in full, one a line, each with its chain; the list starts on a new line."""
    lines = [
        f"\n- {inert(enemy.chain) if enemy.chain else 'any chain'}: `{checksum(enemy.address)}`" for enemy in enemies
    ]
    return "".join(lines)


def show_count(number: int, noun: str) -> str:
    """Write a number with its noun: `1 wallet`, `1,204 wallets`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def checksum(address: str) -> str:
    """Write an address with its checksum (EIP-55), as people compare it."""
    from eth_utils.address import to_checksum_address  # 0.2 s to import

    return to_checksum_address(address)
