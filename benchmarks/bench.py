"""python -m benchmarks.bench [--json] [--quick]: how fast the cpu backend is, and against what. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Report, hardware, run_alone, run_case
from benchmarks.problem import Case
from benchmarks.rivals import VENV, WANTED, install
from benchmarks.show import show

HEADLINE = Case("headline")
CASES = {
    "ratios": HEADLINE,
    "ratios_20_switches": replace(HEADLINE, name="20 switches a year", yearly=20.0),
    "ratios_one_leg": replace(HEADLINE, name="one leg or cash", legs=1),
    "ratios_one_leg_20_switches": replace(HEADLINE, name="one leg or cash, 20 switches a year", legs=1, yearly=20.0),
}
# One thing varied at a time, from 100,000 variants.
TABLES: dict[str, Sequence[float]] = {
    "days": (1075, 2150, 4300, 8600),
    "variants": (1_000, 10_000, 100_000, 250_000, 500_000, 1_000_000),
    "signals": (1, 2, 3, 4, 5),
    "yearly": (0.25, 1.0, 5.0, 20.0, 50.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--quick", action="store_true", help="a tenth of the variants, fewer repeats, no tables")
    parser.add_argument("--alone", choices=("cpu", "plain_loop"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(run_alone(options.alone, options.quick)))
        return
    report = run(options.quick)
    print(json.dumps(report, indent=1)) if options.json else show(report)


def run(quick: bool) -> Report:
    report: Report = {"hardware": hardware(), "quick": quick}
    try:
        python = install()
    except (subprocess.CalledProcessError, OSError) as error:
        python = None
        report["left_out"] = f"vectorbt and raptorbt could not be installed in {VENV.name}: {error}"
    versions = [] if python is None else _run([python, "-m", "pip", "freeze"]).split()
    names = tuple(wanted.partition("=")[0].partition("[")[0] for wanted in WANTED)
    report["hardware"] |= dict(line.split("==") for line in versions if line.startswith(names) and "==" in line)
    scale, repeats = (0.1, 3) if quick else (1.0, 7)
    cases = []
    for key, case in CASES.items():
        _say(case.name)
        measured = run_case(replace(case, variants=round(case.variants * scale)), repeats, python)
        report[key] = measured["ratios"]
        cases.append(measured)
    report["cases"] = cases
    report["tables"] = {} if quick else {axis: measure_table(axis, values) for axis, values in TABLES.items()}
    if report["tables"] and "cuda_over_cpu" in report["tables"]["variants"][0]:
        report["break_even_variants"] = break_even(report["tables"]["variants"])
    report["alone"] = {name: _alone(name, quick) for name in ("cpu", "plain_loop")}
    return report


def measure_table(axis: str, values: Sequence[float]) -> list[Report]:
    rows = []
    for value in values:
        _say(f"{axis} {value}")
        case = replace(HEADLINE, name=f"{axis} {value}", **({"variants": 100_000} | {axis: value}))  # type: ignore[arg-type]
        measured = run_case(case, 3, None, few=20)
        row = {axis: value, "variants": measured["variants"], "switches": measured["switches_of_a_variant"]}
        for name in (name for name in ("cpu", "cuda", "plain_loop") if name in measured["runs"]):
            row[name] = measured["runs"][name]["variant_days_per_second"]
            row[f"{name}_ns_per_variant"] = measured["runs"][name]["seconds"] / measured["variants"] * 1e9
        ratios = measured["ratios"]
        rows.append(row | {name: ratios[name] for name in ("cpu_over_plain_loop", "cuda_over_cpu") if name in ratios})
    return rows


def break_even(rows: Sequence[Report]) -> int | None:
    """The smallest grid from which on cuda is no slower than cpu; None where it never is. rows: of growing grids."""
    found = None
    for row in reversed(rows):
        if row["cuda_over_cpu"] < 1.0:
            break
        found = int(row["variants"])
    return found


def _alone(name: str, quick: bool) -> Report:
    """A process of its own: for the peak of memory, and once with an empty Numba cache, for compiling."""
    _say(f"memory and compiling: {name}")
    command = [sys.executable, "-m", "benchmarks.bench", "--alone", name, *(["--quick"] if quick else [])]
    warm: Report = json.loads(_run(command))
    with TemporaryDirectory() as cache:
        cold = json.loads(_run(command, NUMBA_CACHE_DIR=cache))
    return warm | {"compile_seconds": cold["first_seconds"]}


def _run(command: Sequence[str | Path], **environment: str) -> str:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    return done.stdout


def _say(what: str) -> None:
    print(f"{what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
