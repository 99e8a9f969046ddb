"""What was read of one log, whatever its file is called now: known by its content, in blocks. Data only.

A file's name says little: rotation gives it to another file every hour. So a log is told by where it lies (device and inode),
and by a hash of what was read of it.
"""

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

# So much of a log's start is compared before all of it is hashed.
HEAD = 1024


@dataclass(frozen=True, slots=True)
class Section:
    """A block that was digested: the bytes `start` to `end` of the content, and the file that holds its digest.

    `header` are the lines that name the columns of what follows it.
    """

    start: int
    end: int
    lines: int
    file: str
    header: tuple[str, ...] = ()


@dataclass(slots=True)
class Stream:
    """One log. `read` bytes of its content were taken in, their SHA-256 is `sha256`, and `head` that of the first HEAD of them.

    `log` is the path of its [[logs]] entry, `settings` the hash of all that its digests depend on, `place` what tells its file and
    `stamp` what tells that it changed. `plain`: its lines are its bytes, and what was read stays read; else it is read whole.
    `gone` says why its file is not there any more, empty where it is. `stored` and `stored_sha256` are those of the file.
    """

    id: str
    log: str
    settings: str
    shown: str
    place: str
    stamp: str = ""
    plain: bool = True
    format: str = ""
    read: int = 0
    sha256: str = hashlib.sha256().hexdigest()
    head: str = ""
    stored: int = 0
    stored_sha256: str = ""
    damage: str = ""
    fault: tuple[str, str, str] | None = None
    remarks: tuple[str, ...] = ()
    sections: list[Section] = field(default_factory=list)
    gone: str = ""

    @property
    def lines(self) -> int:
        """Count its lines."""
        return sum(section.lines for section in self.sections)

    @property
    def name(self) -> str:
        """Give the name that people see. What is gone bears its content's hash: its old name may be another file's by now."""
        return f"{self.shown}@{self.sha256[:12]}" if self.gone else self.shown

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Stream":
        """Read what `to_json` gave. Raises KeyError or TypeError where it is something else."""
        sections = [Section(**section | {"header": tuple(section["header"])}) for section in raw["sections"]]
        fault = tuple(raw["fault"]) if raw["fault"] else None
        return cls(**raw | {"sections": sections, "fault": fault, "remarks": tuple(raw["remarks"])})
