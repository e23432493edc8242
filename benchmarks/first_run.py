"""Where the time of a first run goes: ``python -m benchmarks.first_run [--verdict] [--json]``.

Runs us-demo twice in processes of their own, first with an empty Numba cache and then with the filled one, and prints
the time of each step, and of each compiled signature. A function's time is its own: what it calls is counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

# Steps of a run: the module from which each function is called, and its name.
STEPS = {
    "planning": ("gridproof.sweeps.execution.sweep", "build_plan"),
    "sweep": ("gridproof.sweeps.execution.sweep", "collect"),
    "summary": ("gridproof.sweeps.execution.sweep", "write_summary"),
    "verdict": ("gridproof.sweeps.verdict.verdict", "conclude_verdict"),
    "report": ("gridproof.sweeps.run", "finish"),
}


class Clock:
    """Seconds of wall time and of user CPU, of this process and of its finished children, by name."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {}

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            before = _now()
            try:
                return function(*arguments, **options)
            finally:
                spent = self.steps.setdefault(name, [0.0, 0.0])
                for at, (one, other) in enumerate(zip(before, _now(), strict=True)):
                    spent[at] += other - one

        return call


def _now() -> tuple[float, float]:
    times = os.times()
    return time.perf_counter(), times.user + times.children_user


@contextmanager
def compilations() -> Iterator[list[dict[str, Any]]]:
    """A list to which every signature is added when it has been compiled, while the context lasts.

    Each has the function, the signature, and the user CPU seconds: in total, and without what it compiled in turn.
    """
    from numba.core import event

    found: list[dict[str, Any]] = []
    running: list[list[float]] = []  # of each compilation under way when it began, and the seconds of those inside it

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            running.append([time.thread_time(), 0.0])

        def on_end(self, event: Any) -> None:
            began, inside = running.pop()
            total = time.thread_time() - began
            if running:
                running[-1][1] += total
            function = event.data["dispatcher"].py_func
            name = f"{function.__module__.removeprefix('gridproof.')}.{function.__qualname__.split('-')[0]}"
            signature = ", ".join(map(str, event.data["args"]))
            found.append({"function": name, "signature": signature, "own": total - inside, "total": total})

    with event.install_listener("numba:compile", Listener()):
        yield found


def child(study: str, out: str, verdict: bool) -> dict[str, Any]:
    """Run a study here. Returns the seconds of every step, wall and user CPU, and every compilation."""
    clock = Clock()
    clock.timed("imports", import_module)("gridproof.sweeps.run")
    run = import_module("gridproof.sweeps.run")
    load_study = import_module("gridproof.sweeps.study.study").load_study
    for name, (module, function) in STEPS.items():
        if verdict or name != "verdict":
            setattr(import_module(module), function, clock.timed(name, getattr(import_module(module), function)))
    with compilations() as compiled:
        clock.timed("whole run", run.run_study)(load_study(study), options=run.RunOptions(out=out, verdict=verdict))
    return {"steps": clock.steps, "compilations": compiled}


def measure(study: str, verdict: bool) -> dict[str, Any]:
    """A cold run and a warm one, each in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("cold", "warm"):
            environment = {**os.environ, "NUMBA_CACHE_DIR": f"{folder}/cache"}
            command = [sys.executable, "-m", "benchmarks.first_run", "--child", f"{folder}/{name}", "--study", study]
            began = time.perf_counter()
            done = subprocess.run(command + ["--verdict"] * verdict, env=environment, check=True,
                                  stdout=subprocess.PIPE, text=True)  # fmt: skip
            found[name] = json.loads(done.stdout.splitlines()[-1]) | {"wall": time.perf_counter() - began}
        found["cache_bytes"] = sum(each.stat().st_size for each in Path(folder, "cache").rglob("*") if each.is_file())
    return found


def show(found: dict[str, Any]) -> None:
    print(f"{'':24}{'cold':^18}{'warm':^18}\n{'step':24}{'wall':>9}{'user':>9}{'wall':>9}{'user':>9}")
    for name, cold in found["cold"]["steps"].items():
        warm = found["warm"]["steps"][name]
        print(f"{name:24}" + "".join(f"{seconds:9.2f}" for seconds in (*cold, *warm)))
    print(f"{'process':24}{found['cold']['wall']:9.2f}{'':9}{found['warm']['wall']:9.2f}\n")
    for kind in ("cold", "warm"):
        compiled = sorted(found[kind]["compilations"], key=lambda one: -one["own"])
        total = sum(one["own"] for one in compiled)
        print(f"compiled in the {kind} run: {len(compiled)} signatures, {total:.1f} s")
        for one in compiled:
            print(f"{one['own']:8.2f} {one['total']:8.2f}  {one['function']}({one['signature']})")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_run", description=__doc__)
    parser.add_argument("--study", default="us-demo")
    parser.add_argument("--verdict", action="store_true", help="With the verdict.")
    parser.add_argument("--json", action="store_true", help="One JSON object.")
    parser.add_argument("--child", metavar="OUT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.study, options.child, options.verdict)))
        return
    found = measure(options.study, options.verdict)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


if __name__ == "__main__":
    main()
