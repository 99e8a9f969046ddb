"""The one error type and the exit codes.

Every error that a person may see says three things: what failed (with the value), why, and what to do now.
"""

from enum import IntEnum
from functools import partial


class ExitCode(IntEnum):
    """What a finished command means to the shell (design, section 5)."""

    DONE = 0
    NEEDS_A_PERSON = 1
    COULD_NOT_RUN = 2


class ExposureError(Exception):
    """Stop this step: `what` failed, `why`, and the `fix`; none of them may hold a secret or an unredacted URL.

    `faults` lists further errors of the same kind (every fault of an incident.toml is named at once).
    """

    def __init__(self, what: str, why: str, fix: str, *, exit_code: ExitCode = ExitCode.COULD_NOT_RUN) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[object, ...]:
        return partial(ExposureError, exit_code=self.exit_code), (self.what, self.why, self.fix)

    def __str__(self) -> str:
        return f"{self.what}\n  why: {self.why}\n  fix: {self.fix}"
