"""Look for bytes that break the readers of logs, with coverage as the guide: `make fuzz`, or with SECONDS=600 for longer.

What it finds is written to tests/fuzz/found/, where pytest tries it from then on.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["exposure.logs"]):
    from tests.fuzz.target import FORMATS, NAMES, read

FOUND = Path(__file__).parent / "found"


def main() -> None:
    """Fuzz for so many seconds, beginning with every format's example."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as corpus:
        for name in NAMES:
            seed = f"{name}\n".encode() + (FORMATS[name].example + "\n").encode() * 2
            (Path(corpus) / name).write_bytes(seed)
        options = [
            f"-max_total_time={seconds}",
            f"-artifact_prefix={FOUND}/",
            "-max_len=4096",
            "-timeout=20",
            corpus,
            str(FOUND),
        ]
        atheris.Setup([sys.argv[0], *options], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
