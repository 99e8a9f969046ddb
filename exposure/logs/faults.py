"""What a library says of a line that it cannot take: not shown, since it may quote a secret."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exposure.errors import ExposureError
from exposure.unforeseen import os_error


@contextmanager
def unquoted() -> Iterator[None]:
    """Let no fault of a library quote a line: its kind and place say enough to mend it. Raises ExposureError in its stead."""
    try:
        yield
    except (ExposureError, OSError):  # these name files, never what is in them
        raise
    except Exception as error:  # whatever it is, the step ends here, and says so
        if os_error(error) is not None:  # a full disk, in polars' words
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise ExposureError(
            "the logs could not be read to the end",
            f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}; its text may quote a log line, and is "
            "not shown",
            "this is a fault of this program: report it; until then take the file that was being read out of [[logs]]",
        ) from None
