"""The folders of runs: their bytes, what a kill left in them, and what the ledger beside them counts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from gridproof.kernels.errors import InputError
from gridproof.results.ledger.ledger import LEDGER_FOLDER, ledger_rows

Contents = dict[str, bytes]

# Measures the call, not the run.
_TIMES = "timing.json"
_TILE = re.compile(r"^(\d{14,})-(\d{14,})\.npz$")


def contents(out: Path) -> Contents:
    """Bytes of every file of the runs under ``out``, timings and the ledger left out."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != _TIMES and path.relative_to(out).parts[0] != LEDGER_FOLDER
    }


def differences(found: Contents, expected: Contents) -> list[str]:
    """Names of files, with what is wrong."""
    missing = [f"{name} missing" for name in sorted(set(expected) - set(found))]
    more = [f"{name} is left" for name in sorted(set(found) - set(expected))]
    return missing + more + [f"{name} differs" for name in sorted(expected) if found.get(name, b"") != expected[name]
                             and name in found]  # fmt: skip


def debris(out: Path) -> list[str]:
    """Temporary files under ``out``."""
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.name.endswith((".tmp", ".part")))


def pieces_kept(out: Path) -> int:
    """The number of pieces in finished tiles."""
    covered: set[int] = set()
    for path in out.glob("*/tiles/*.npz"):
        if found := _TILE.match(path.name):
            covered.update(range(int(found[1]), int(found[2])))
    return len(covered)


def distinct(out: Path) -> int:
    """The ledger's count of distinct variants; -1 where it cannot be read."""
    try:
        return sum(row.distinct for row in ledger_rows(out / LEDGER_FOLDER))
    except (InputError, OSError):
        return -1


def replace_copy(source: Path, target: Path) -> Path:
    """``target`` becomes a copy of ``source``."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    return target
