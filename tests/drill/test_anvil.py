"""anvil is found where it should be, is a real node while it runs, and leaves nothing behind however we end."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from exposure.drill.anvil import Anvil, find_anvil
from exposure.errors import ExposureError

NOWHERE = Path("/nowhere/anvil")
HOLDER = """
import sys, time
from exposure.drill.anvil import Anvil
with Anvil() as node:
    node.call("anvil_mine", hex(1000))
    print(node.url, flush=True)
    time.sleep(600)
"""


def executable(path: Path) -> Path:
    """Write a program that does nothing, and return its path."""
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_anvil_that_anvil_bin_names_comes_first(tmp_path: Path) -> None:
    """Who names an anvil gets that one, though another is on PATH and a third installed."""
    (tmp_path / "bin").mkdir()
    on_path, named = executable(tmp_path / "bin" / "anvil"), executable(tmp_path / "mine")
    assert named == find_anvil(
        {"ANVIL_BIN": str(named), "PATH": str(on_path.parent)}, executable(tmp_path / "installed")
    )


def test_the_anvil_on_path_comes_before_the_installed_one(tmp_path: Path) -> None:
    """A machine's own anvil is used, and nothing has to be downloaded."""
    on_path = executable(tmp_path / "anvil")
    assert on_path == find_anvil({"PATH": str(tmp_path)}, executable(tmp_path / "installed"))


def test_the_installed_anvil_is_the_last_resort(tmp_path: Path) -> None:
    """Without one named or on PATH, it is the one that make installed."""
    installed = executable(tmp_path / "installed")
    assert installed == find_anvil({"PATH": ""}, installed)


def test_no_anvil_at_all_says_how_to_get_one() -> None:
    """Nothing named, nothing on PATH, nothing installed, as in a package installed by pip."""
    with pytest.raises(ExposureError) as error:
        find_anvil({}, NOWHERE)
    assert (
        "anvil, the Ethereum node that drills run on, was not found.\n"
        "  why: It is neither named by ANVIL_BIN, nor on PATH, nor installed by make.\n"
        "  fix: Run `make anvil` in a clone of the project, or install Foundry's anvil and set ANVIL_BIN to it."
    ) == str(error.value)


def test_an_anvil_bin_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong ANVIL_BIN is never silently replaced by another anvil."""
    with pytest.raises(ExposureError) as error:
        find_anvil({"ANVIL_BIN": str(NOWHERE), "PATH": ""}, executable(tmp_path / "installed"))
    assert (
        "There is no anvil at ANVIL_BIN=/nowhere/anvil.\n"
        "  why: The environment variable names it, but no program that can be run is there.\n"
        "  fix: Correct ANVIL_BIN, or unset it to use the anvil on PATH or the one that `make anvil` installs."
    ) == str(error.value)


def test_a_node_has_the_chain_and_the_time_it_was_asked_for(start_anvil: Callable[..., Anvil]) -> None:
    """Chain id and genesis time are what a drill's story needs them to be, and delegations (EIP-7702) work."""
    node = start_anvil(1, timestamp=1_772_600_000)
    assert "0x1" == node.call("eth_chainId")
    assert 1_772_600_000 == int(node.call("eth_getBlockByNumber", "0x0", False)["timestamp"], 16)
    assert "Prague" == node.call("anvil_nodeInfo")["hardFork"]


def test_a_node_without_mining_makes_no_block_by_itself(start_anvil: Callable[..., Anvil]) -> None:
    """A transaction waits until the script says mine, so that many can share one block."""
    node = start_anvil(mining=False)
    sender, recipient = node.call("eth_accounts")[:2]
    node.call("eth_sendTransaction", {"from": sender, "to": recipient, "value": "0x1"})
    assert "0x0" == node.call("eth_blockNumber")
    node.call("evm_mine")
    assert 1 == len(node.call("eth_getBlockByNumber", "0x1", False)["transactions"])


def test_old_balances_stay_readable_far_back(fresh_anvil: Anvil) -> None:
    """The node is an archive: a balance a thousand blocks ago is still known."""
    sender, wallet = fresh_anvil.call("eth_accounts")[0], "0x00000000000000000000000000000000000000aa"
    for _ in range(2):
        fresh_anvil.call("eth_sendTransaction", {"from": sender, "to": wallet, "value": "0x3"})
    fresh_anvil.call("anvil_mine", hex(1000))
    blocks = ("0x0", "0x1", "0x2", "latest")
    assert ["0x0", "0x3", "0x6", "0x6"] == [fresh_anvil.call("eth_getBalance", wallet, block) for block in blocks]


def test_a_fresh_node_is_not_the_shared_one(anvil: Anvil, anvil_url: str, fresh_anvil: Anvil) -> None:
    """Two nodes run side by side on ports of their own."""
    assert anvil.url == anvil_url != fresh_anvil.url
    assert "0x0" == fresh_anvil.call("eth_blockNumber")


def test_a_refused_call_says_what_anvil_said(anvil: Anvil) -> None:
    """The node's own words are passed on."""
    with pytest.raises(ExposureError) as error:
        anvil.call("eth_noSuchMethod")
    assert (
        "anvil refused eth_noSuchMethod.\n  why: Method not found\n  fix: Correct the call; anvil itself is running."
    ) == str(error.value)


def test_an_anvil_that_cannot_start_says_why() -> None:
    """The node's last words come with the error, and with what to do."""
    with pytest.raises(ExposureError) as error, Anvil(hardfork="nosuchfork"):
        pass
    assert (
        f"anvil did not start: {find_anvil()}\n"
        "  why: Error: Unknown hardfork: nosuchfork\n"
        "  fix: Run `make anvil` for the version that is known to work, or name another with ANVIL_BIN."
    ) == str(error.value)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_the_run_ends(tmp_path: Path, end: signal.Signals) -> None:
    """Ctrl-C, a CI that gives up, or a plain kill: the node stops and its gigabytes of states go with it."""
    ours = {**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], env=ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        url = holder.stdout.readline().strip()
        assert ["exposure-anvil-"] == [path.name[:15] for path in tmp_path.iterdir()]
        holder.send_signal(end)
        holder.communicate()  # the node's guard shares our pipe to its errors: this waits for both
    assert [] == list(tmp_path.iterdir())
    with pytest.raises(urllib.error.URLError, match="Connection refused"):
        urllib.request.urlopen(url)


def test_a_missing_anvil_fails_the_tests_that_need_it() -> None:
    """Without a node the run is red; no test is skipped."""
    test = f"{Path(__file__)}::{test_a_refused_call_says_what_anvil_said.__name__}"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        env={**os.environ, "ANVIL_BIN": str(NOWHERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 1 == run.returncode
    assert "There is no anvil at ANVIL_BIN=/nowhere/anvil." in run.stdout
    assert run.stdout.splitlines()[-1].startswith("1 error in ")
