"""Quick commands import only what they need: a person who asks for help does not wait for Numba."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.run_folder import write_run

HEAVY = ("numba", "pandas", "scipy", "plotly", "duckdb", "optuna", "ray", "pyarrow", "cupy", "numpy", "rich")
_SCRIPT = """
import json, sys
from gridproof.sweeps.cli.app import main
for arguments in {commands!r}:
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, ended.code
print("\\n" + json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def imported(*commands: Sequence[str]) -> set[str]:
    """The modules of HEAVY that commands import, one after the other in one process."""
    command = [sys.executable, "-c", _SCRIPT.format(commands=[list(each) for each in commands])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return set(json.loads(done.stdout.splitlines()[-1])) & set(HEAVY)


def test_help_imports_nothing_heavy() -> None:
    assert imported(["--help"], ["run", "--help"], ["search", "--help"], ["show", "--help"]) == set()


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["operators"], {"numpy", "rich"}),
        (["schema"], {"numpy"}),
        (["ledger", "--out", "."], {"numpy", "rich"}),
    ],
)
def test_a_quick_command_imports_what_it_needs(arguments: Sequence[str], needed: set[str], tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    assert imported([str(tmp_path) if each == "." else each for each in arguments]) <= needed


def test_a_finished_run_is_shown_without_numba(tmp_path: Path) -> None:
    assert "numba" not in imported(["show", str(write_run(tmp_path))], ["report", str(tmp_path)])


def test_import_gridproof_is_quick_and_shows_only_what_is_public() -> None:
    script = (
        "import sys, json, gridproof\n"
        f"heavy = sorted(set(sys.modules) & set({HEAVY!r}))\n"
        "print(json.dumps([heavy, [name for name in dir(gridproof) if not name.startswith('_')]]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    heavy, names = json.loads(done.stdout)
    assert heavy == []
    assert names == [
        "Budget", "DataWarning", "FactorRun", "IncompleteError", "InputError", "Market", "Point", "Readings", "Run",
        "RunObserver", "Study", "compare", "factors", "import_data", "load_market", "load_study", "monitor", "open_run",
        "operators", "point", "run", "search", "statistics",
    ]  # fmt: skip
