"""Prove the cuda backend on this GPU, and measure it.

    python -m benchmarks.gpu [--minutes 8] [--out DIR] [--carried DIR] [--only NAME ...] [--dry-run]

Every part runs in a process of its own with a time limit, and writes its result at once; a part that fails or hangs
stops that part alone. ``summary.md`` in the folder is the page. Where every part that must pass has passed, the proof
is recorded, and ``--backend auto`` takes cuda on this GPU from then on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.gpu.parts import BY_NAME, PARTS
from benchmarks.gpu.settings import Part, write_result
from benchmarks.gpu.summary import proven, read_results, write_summary

ROOT = Path(__file__).resolve().parents[2]


def run_child(part: Part, out: Path, seconds: float, options: list[str]) -> str:
    """Runs a part for at most so many seconds. Returns its state."""
    file = out / f"{part.name}.json"
    with (out / f"{part.name}.log").open("w") as log:
        command = [sys.executable, "-m", "benchmarks.gpu.child", part.name, "--out", str(out), *options]
        # A cache of its own, so that compiling is cold in the first part and never again.
        environment = os.environ | {"CUPY_CACHE_DIR": str(out / "kernels")}
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, env=environment
        )
        try:
            child.wait(timeout=seconds)
            ended = f"it ended with {child.returncode}; see {part.name}.log"
        except subprocess.TimeoutExpired:
            ended = f"it took longer than {seconds:.0f} s"
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    result = read_results(out).get(part.name, {"state": "running", "seconds": 0.0, "found": {}})
    if result["state"] == "running":
        result |= {"state": "failed", "why": ended}
        write_result(file, result)
    return str(result["state"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=8.0, help="of the whole; what no longer fits is left out")
    parser.add_argument("--out", type=Path, default=Path("build/gpu"))
    parser.add_argument("--carried", type=Path, help="the folder made by python -m benchmarks.gpu.carry")
    parser.add_argument("--only", nargs="+", choices=BY_NAME, metavar="NAME", help=", ".join(BY_NAME))
    parser.add_argument("--dry-run", action="store_true", help="on the CPU, with small sizes: tries the script itself")
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "kernels", ignore_errors=True)
    for part in PARTS:
        (out / f"{part.name}.json").unlink(missing_ok=True)
    passed_on = ["--dry-run"] if options.dry_run else []
    passed_on += ["--carried", str(options.carried.resolve())] if options.carried else []
    end = time.monotonic() + 60 * options.minutes
    for part in PARTS:
        if options.only and part.name not in options.only:
            continue
        left = end - time.monotonic()
        if left < 5:
            break
        state = run_child(part, out, min(part.seconds, left), passed_on)
        page = write_summary(out, options.dry_run)
        print(f"{part.title}: {state}", flush=True)
        if part.name == "machine" and state != "passed":
            break
    results = read_results(out)
    if proven(results) and not options.dry_run:
        from gridproof.kernels.cuda.availability import gpu_packages, open_gpu
        from gridproof.kernels.cuda.proof import write_proof

        print(f"proven: {write_proof(open_gpu(), gpu_packages(), page)}")
    print(page)
    raise SystemExit(any(result["state"] == "failed" for result in results.values()))


if __name__ == "__main__":
    main()
