"""Run anvil beside a parent that may die at any moment, and leave neither process nor files behind.

A program of its own, started by anvil.py: `anvil_guard.py START_SECONDS STOP_SECONDS COMMAND...`. Killed, anvil leaves
gigabytes of states in its cache folder. So the folder is temporary and made here, and the node ends when our standard
input does, which the system closes however the parent ends: in order, by Ctrl-C, or by SIGKILL. What the node prints is
handed on until it listens.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading

LISTENING = "Listening on "


def guard(command: list[str], start_seconds: float, stop_seconds: float) -> int:
    """Run the command until it ends or standard input does; return its exit code."""
    with tempfile.TemporaryDirectory(prefix="exposure-anvil-") as folder:
        node = subprocess.Popen(
            [*command, "--cache-path", folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        signal.signal(signal.SIGTERM, lambda *_: node.terminate())
        too_slow = threading.Timer(start_seconds, _stop, (node, stop_seconds))
        too_slow.daemon = True
        too_slow.start()
        threading.Thread(target=_follow_parent, args=(node, stop_seconds), daemon=True).start()
        assert node.stdout is not None
        for line in node.stdout:  # read to the end: a full pipe would stop the node
            if sys.stdout.closed:
                continue
            sys.stdout.write(line)
            sys.stdout.flush()
            if line.startswith(LISTENING):
                too_slow.cancel()
                sys.stdout.close()
        return node.wait()


def _follow_parent(node: subprocess.Popen[str], stop_seconds: float) -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing is ever written: this returns when the parent has closed it, or is no more
    _stop(node, stop_seconds)


def _stop(node: subprocess.Popen[str], stop_seconds: float) -> None:
    if os.name == "nt":
        node.terminate()
    else:
        os.killpg(0, signal.SIGTERM)  # the whole session: `anvil` on PATH may be npm's wrapper around the real one
    try:
        node.wait(stop_seconds)
    except subprocess.TimeoutExpired:
        node.kill()


if __name__ == "__main__":
    sys.exit(guard(sys.argv[3:], float(sys.argv[1]), float(sys.argv[2])))
