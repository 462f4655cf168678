"""Claims on what a machine has only once."""

import subprocess
import sys
from pathlib import Path

from cli.servers.claims import sole_claim


def test_of_two_claims_one_holds_and_the_next_one_after_it(tmp_path: Path) -> None:
    with sole_claim("ports", tmp_path) as first, sole_claim("ports", tmp_path) as second:
        assert (first, second) == (True, False)
    with sole_claim("ports", tmp_path) as third:
        assert third


def test_claims_on_two_things_do_not_meet(tmp_path: Path) -> None:
    with sole_claim("ports", tmp_path) as first, sole_claim("name", tmp_path) as second:
        assert (first, second) == (True, True)


def test_a_claim_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys; from cli.servers.claims import sole_claim\n"
        "with sole_claim('ports', pathlib.Path(sys.argv[1])) as held: print(held, flush=True); os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, timeout=30, check=False)
    assert (ran.returncode, ran.stdout) == (-9, b"True\n")
    with sole_claim("ports", tmp_path) as held:
        assert held


def test_where_nothing_can_be_written_nothing_is_claimed(tmp_path: Path) -> None:
    with sole_claim("ports", tmp_path / "nowhere") as held:
        assert not held
