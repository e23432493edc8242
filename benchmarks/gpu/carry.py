"""What a machine without a network needs besides its own packages: wheels that it lacks, and recorded launches.

    python -m benchmarks.gpu.carry FOLDER --have FILE [--python 3.12]

FILE has the names of the packages that the machine has, one a line (``pip list --format freeze`` there). There
``python3 -m pip install --no-index --no-deps --target site FOLDER/*.whl`` installs the wheels and
``PYTHONPATH=site python3 -m benchmarks.gpu --carried FOLDER`` runs the proof.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.gpu.replay import RECORDINGS, record, save

ROOT = Path(__file__).resolve().parents[2]
# What the script imports of the extras: the tests that it runs, and nothing of a cluster.
_TEST = ("pytest", "pytest-xdist", "hypothesis")
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_LIMIT = 60e6


def normal(name: str) -> str:
    """A package's name as indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names_in(text: str) -> set[str]:
    """Names of packages, one a line, with or without a version."""
    lines = (re.match(r"[A-Za-z0-9._-]+", line.strip()) for line in text.splitlines() if not line.startswith("#"))
    return {normal(found.group().rstrip("._-")) for found in lines if found}


def missing(report: dict[str, object], have: set[str]) -> dict[str, str]:
    """Packages of pip's report of an installation that the machine lacks, with their versions."""
    installs: list[dict[str, dict[str, str]]] = report["install"]  # type: ignore[assignment]
    every = {normal(each["metadata"]["name"]): each["metadata"]["version"] for each in installs}
    return {name: number for name, number in every.items() if name not in have | {"gridproof"}}


def resolve(python: str) -> dict[str, object]:
    """pip's report of what the project needs there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [*_pip("install", python), "--dry-run", "--ignore-installed"]
        command += ["--target", folder, "--report", str(file)]
        subprocess.run([*command, str(ROOT), *_TEST], check=True)
        report: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return report


def _pip(verb: str, python: str) -> list[str]:
    platforms = [option for platform in _PLATFORMS for option in ("--platform", platform)]
    return [
        sys.executable, "-m", "pip", verb, "--quiet", "--only-binary=:all:", "--implementation", "cp",
        "--python-version", python, *platforms,
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.carry", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--have", type=Path, required=True)
    parser.add_argument("--python", default="3.12")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = missing(resolve(options.python), names_in(options.have.read_text(encoding="utf-8")))
    exact = [f"{name}=={number}" for name, number in wanted.items()]
    if exact:
        command = [*_pip("download", options.python), "--no-deps", "--dest", str(options.folder)]
        subprocess.run([*command, *exact], check=True)
    with tempfile.TemporaryDirectory() as built:
        save(record(Path(built)), options.folder / RECORDINGS)
    size = sum(file.stat().st_size for file in options.folder.iterdir())
    print(f"{options.folder}: {len(exact)} wheels and recorded launches, {size / 1e6:.1f} MB")
    if size > _LIMIT:
        raise SystemExit(f"more than {_LIMIT / 1e6:.0f} MB: leave out what the machine can get otherwise")


if __name__ == "__main__":
    main()
