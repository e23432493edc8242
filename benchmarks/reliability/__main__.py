"""``python -m benchmarks.reliability kills|fuzz [--minutes M] [--seed S] [--json]``: what a run survives.

Groups of cases run in two processes side by side, each for its share of the minutes. A case depends on the seed, its
group and its number alone, but for the moments of kills that are drawn in time: ``--group GROUP --case N`` repeats one.
Inputs and folders of faults are kept in ``--keep``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.measure import hardware
from benchmarks.reliability.case import summary
from benchmarks.reliability.groups import GROUPS, LANES, opened
from benchmarks.reliability.report import show, total
from gridproof.sweeps.execution.identity import digest_of_sources

_ROOT = Path(__file__).resolve().parents[2]


def run_group(
    group: str, minutes: float, seed: int, keep: Path, only: int | None, first: int, cases: int
) -> dict[str, Any]:
    """Cases one after another, until the minutes are over or ``cases`` are done; or one."""
    folder = keep / group.replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    began, done, sources = time.monotonic(), [], digest_of_sources()
    with ExitStack() as stack:
        tried = opened(group, folder, seed, stack)
        numbers = [only] if only is not None else range(first, first + cases)
        for number in numbers:
            done.append(tried.case(number))
            if done[-1].fault:
                print(
                    f"{group} {number}: {done[-1].verdict}: {done[-1].what}: {done[-1].detail[-300:]}", file=sys.stderr
                )
            if time.monotonic() > began + 60 * minutes:
                break
    if digest_of_sources() != sources:
        raise RuntimeError("gridproof's sources were changed meanwhile: runs before and after have other folders")
    kept = {Path(case.kept).name for case in done if case.kept}
    for path in folder.rglob("*"):
        if path.parent == folder and path.name not in kept | {"market", "small.yaml", "searched.yaml", "bench"}:
            shutil.rmtree(path, ignore_errors=True)
    return {"group": group, "seconds": round(time.monotonic() - began), **summary(done)}


def run_lanes(what: str, options: argparse.Namespace, keep: Path) -> list[dict[str, Any]]:
    """Every group in a process of its own, two at a time."""
    found: list[dict[str, Any]] = []

    def lane(shares: dict[str, float]) -> None:
        for group, share in shares.items():
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.reliability", what, "--json", "--group", group]
            command += ["--minutes", str(options.minutes * share), "--seed", str(options.seed), "--keep", str(keep)]
            command += ["--cases", str(options.cases)]
            done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode not in (0, 1):
                found.append({"group": group, "cases": 0, "faults": [], "broken": f"exit code {done.returncode}"})
            else:
                found.extend(json.loads(done.stdout)["groups"])

    threads = [threading.Thread(target=lane, args=(shares,)) for shares in LANES[what]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found, key=lambda each: list(GROUPS).index(each["group"]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("what", choices=list(LANES), help="kills of runs, or mutated inputs")
    parser.add_argument("--minutes", type=float, default=9.0, help="of wall time, on two cores")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--group", choices=list(GROUPS), help="this group alone")
    parser.add_argument("--case", type=int, help="this case alone; needs --group")
    parser.add_argument("--cases", type=int, default=100_000, help="at most so many of each group")
    parser.add_argument("--keep", type=Path, help="where inputs and folders of faults are kept")
    options = parser.parse_args()
    keep = options.keep or Path(tempfile.mkdtemp(prefix="reliability-"))
    keep.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")  # two processes at a time, on two cores
    if options.group is not None:
        arguments = (options.minutes, options.seed, keep, options.case, 0, options.cases)
        groups = [run_group(options.group, *arguments)]
    else:
        groups = run_lanes(options.what, options, keep)
    record = {"what": options.what, "seed": options.seed, "minutes": options.minutes, "date": time.strftime("%Y-%m-%d"),
              "hardware": hardware(), "total": total(groups), "groups": groups}  # fmt: skip
    if options.json:
        print(json.dumps(record, indent=1))
    else:
        show(record)
    return int(bool(record["total"]["faults"]))


if __name__ == "__main__":
    sys.exit(main())
