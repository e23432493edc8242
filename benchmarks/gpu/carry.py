"""What a machine without a network needs besides its own packages: wheels that it lacks, and recorded launches.

    python -m benchmarks.gpu.carry FOLDER --have FILE [--python 3.12]

FILE has the names of the packages that the machine has, one a line (``pip list --format freeze`` there). There
``python3 -m pip install --no-index --no-deps --target site FOLDER/*.whl`` installs the wheels and
``PYTHONPATH=site python3 -m benchmarks.gpu --carried FOLDER`` runs the proof.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from benchmarks.gpu.replay import RECORDINGS, record, save

ROOT = Path(__file__).resolve().parents[2]
# What the script imports of the extras: the tests that it runs, and nothing of a cluster.
_TEST = ("pytest", "hypothesis")
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
_LIMIT = 60e6


def normal(name: str) -> str:
    """A package's name as indices compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def versions_in(text: str) -> dict[str, str]:
    """Packages by name with their versions, one a line as ``name==version``; the version is empty where none stands."""
    found = {}
    for line in (line.strip() for line in text.splitlines() if not line.startswith("#")):
        if match := re.match(r"([A-Za-z0-9._-]+)\s*(?:==\s*([^\s;]+))?", line):
            found[normal(match[1].rstrip("._-"))] = match[2] or ""
    return found


def missing(report: dict[str, Any], have: dict[str, str], python: str = "3.12") -> dict[str, str]:
    """Packages of pip's report of an installation that the machine lacks, or has in a version that will not do.

    Returns their versions by name. A package without a version in ``have`` is taken to do.
    """
    metadata = {normal(each["metadata"]["name"]): each["metadata"] for each in report["install"]}
    wanted = {name: str(data["version"]) for name, data in metadata.items() if name != "gridproof"}
    carried = {name for name in wanted if name not in have}
    asked: list[tuple[str, Requirement]] = []
    for name, data in metadata.items():
        for line in data.get("requires_dist", []):
            requirement = Requirement(line)
            target = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
            if requirement.marker is None or requirement.marker.evaluate(target):
                asked.append((name, requirement))
    while True:
        # What is carried, and what the machine has and nothing replaces, states what it needs of the others.
        unfit = {
            normal(requirement.name)
            for name, requirement in asked
            if (name == "gridproof" or name in carried)
            and (mine := have.get(normal(requirement.name)))
            and normal(requirement.name) in wanted
            and not requirement.specifier.contains(mine, prereleases=True)
        } - carried
        if not unfit:
            return {name: wanted[name] for name in wanted if name in carried}
        carried |= unfit


def resolve(python: str) -> dict[str, Any]:
    """pip's report of what the project needs there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [*_pip("install", python), "--dry-run", "--ignore-installed"]
        command += ["--target", folder, "--report", str(file)]
        subprocess.run([*command, str(ROOT), *_TEST], check=True)
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
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
    wanted = missing(resolve(options.python), versions_in(options.have.read_text(encoding="utf-8")), options.python)
    exact = [f"{name}=={number}" for name, number in wanted.items()]
    if exact:
        command = [*_pip("download", options.python), "--no-deps", "--dest", str(options.folder)]
        subprocess.run([*command, *exact], check=True)
    with tempfile.TemporaryDirectory() as built:
        save(record(Path(os.environ.get("GRIDPROOF_SHIM") or built)), options.folder / RECORDINGS)
    size = sum(file.stat().st_size for file in options.folder.iterdir())
    print(f"{options.folder}: {len(exact)} wheels and recorded launches, {size / 1e6:.1f} MB")
    if size > _LIMIT:
        raise SystemExit(f"more than {_LIMIT / 1e6:.0f} MB: leave out what the machine can get otherwise")


if __name__ == "__main__":
    main()
