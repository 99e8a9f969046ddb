"""Find, start and stop anvil, the Ethereum node of the drills, the demo and the tests (a clean end: anvil_guard.py)."""

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from exposure.drill.anvil_guard import LISTENING
from exposure.errors import ExposureError

VERSION = "1.7.1"  # the one that `make` installs; a newer one on PATH is welcome
EXECUTABLE = "anvil.exe" if os.name == "nt" else "anvil"
# In a clone this is .tools/ beside exposure/; an installed package has no such folder, and nothing is found there.
INSTALLED = Path(__file__).resolve().parents[2] / ".tools" / f"anvil-{VERSION}" / EXECUTABLE

START_SECONDS = 60.0
STOP_SECONDS = 20.0  # then SIGKILL
ANSWER_SECONDS = 60.0
_GUARD = Path(__file__).with_name("anvil_guard.py")
_DIRECT = urllib.request.build_opener(
    urllib.request.ProxyHandler({})
)  # a proxy of the environment cannot reach loopback


def find_anvil(environment: Mapping[str, str] = os.environ, installed: Path = INSTALLED) -> Path:
    """Return the anvil to run: $ANVIL_BIN, else the one on $PATH, else the one that `make` installed.

    Raises ExposureError where ANVIL_BIN names no program, and where there is none at all.
    """
    named = environment.get("ANVIL_BIN")
    if named:
        found = shutil.which(named, path=environment.get("PATH", ""))
        if found is None:
            raise ExposureError(
                f"There is no anvil at ANVIL_BIN={named}.",
                "The environment variable names it, but no program that can be run is there.",
                "Correct ANVIL_BIN, or unset it to use the anvil on PATH or the one that `make anvil` installs.",
            )
        return Path(found).absolute()
    found = shutil.which("anvil", path=environment.get("PATH", ""))
    if found is not None:
        return Path(found).absolute()
    if installed.is_file():
        return installed
    raise ExposureError(
        "anvil, the Ethereum node that drills run on, was not found.",
        "It is neither named by ANVIL_BIN, nor on PATH, nor installed by make.",
        "Run `make anvil` in a clone of the project, or install Foundry's anvil and set ANVIL_BIN to it.",
    )


class Anvil:
    """Run one anvil on a free loopback port for as long as the `with` block lasts; leave no process and no file behind.

    `timestamp` is the genesis block's, in Unix seconds (anvil's own default: now). With `mining=False` a block is made
    only by `anvil_mine` or `evm_mine`. Old states stay readable (archive queries); they lie in a temporary folder,
    about 0.2 MB a block beyond the first few hundred; `max_states` bounds how many, where nobody asks for old
    ones. What a cheat such as `anvil_setBalance` changes counts from the block before it, not from the next one.
    `options` are passed on as they are. Raises ExposureError where there is no anvil, or it does not start.
    """

    def __init__(
        self,
        chain_id: int = 31337,
        *,
        timestamp: int | None = None,
        mining: bool = True,
        hardfork: str = "prague",  # the first one with EIP-7702 delegations
        max_states: int | None = None,
        options: Sequence[str] = (),
        binary: Path | None = None,
    ) -> None:
        self.chain_id = chain_id
        self.url = ""  # known once the node listens
        self._binary = binary
        self._guard: subprocess.Popen[str] | None = None
        # port 0: the node itself takes a free one and says which, so nodes that start at once never collide
        self._options = ["--host", "127.0.0.1", "--port", "0", "--chain-id", str(chain_id), "--hardfork", hardfork]
        if timestamp is not None:
            self._options += ["--timestamp", str(timestamp)]
        if not mining:
            self._options += ["--no-mining"]
        if max_states is not None:
            self._options += ["--max-persisted-states", str(max_states)]
        self._options += options

    def __enter__(self) -> Self:
        binary = self._binary or find_anvil()
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", _GUARD, str(START_SECONDS), str(STOP_SECONDS), binary, *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the node in order
        )
        try:
            self.url = _await_url(binary, self._guard)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def call(self, method: str, *params: object) -> Any:
        """Call one JSON-RPC method and return its result; raise ExposureError with anvil's words where it refuses."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
        try:
            with _DIRECT.open(request, timeout=ANSWER_SECONDS) as response:
                answer = json.load(response)
        except OSError as error:
            raise ExposureError(
                f"anvil did not answer {method}.", str(error), "See whether the node has been stopped; start it again."
            ) from error
        if "error" in answer:
            raise ExposureError(
                f"anvil refused {method}.", answer["error"]["message"], "Correct the call; anvil itself is running."
            )
        return answer["result"]

    def _stop(self) -> None:
        if self._guard is None:
            return
        guard, self._guard = self._guard, None
        assert guard.stdin is not None
        assert guard.stdout is not None
        guard.stdin.close()
        guard.stdout.close()
        guard.wait()


def _await_url(binary: Path, guard: subprocess.Popen[str]) -> str:
    """Read what the node prints up to the line that says where it listens."""
    assert guard.stdout is not None
    printed = []
    for line in guard.stdout:
        if line.startswith(LISTENING):
            return "http://" + line.removeprefix(LISTENING).strip()
        printed.append(line.strip())
    last_words = " ".join([line for line in printed if line][-3:])
    raise ExposureError(
        f"anvil did not start: {binary}",
        last_words or f"It said nothing within {START_SECONDS:.0f} seconds, or ended at once.",
        "Run `make anvil` for the version that is known to work, or name another with ANVIL_BIN.",
    )
