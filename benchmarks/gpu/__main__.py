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
import zipfile
from pathlib import Path

from benchmarks.gpu.parts import BY_NAME, CPU, PARTS
from benchmarks.gpu.settings import Part, write_result
from benchmarks.gpu.summary import proven, read_results, write_summary

ROOT = Path(__file__).resolve().parents[2]


# Parts that ask nothing of the CPU's kernels, which are compiled meanwhile.
_EARLY = ("machine", "compile", "replay")


class Child:
    """A part in a process of its own."""

    def __init__(self, part: Part, out: Path, options: list[str]) -> None:
        self._part, self._out, self._began = part, out, time.monotonic()
        command = [sys.executable, "-m", "benchmarks.gpu.child", part.name, "--out", str(out), *options]
        # A cache of its own, so that compiling is cold in the first part and never again.
        environment = os.environ | {"CUPY_CACHE_DIR": str(out / "kernels")}
        with (out / f"{part.name}.log").open("w") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, env=environment
            )

    def result(self, seconds: float) -> str:
        """Waits until so many seconds after its start at most, then kills it. Returns its state."""
        name = self._part.name
        try:
            self._process.wait(timeout=max(0.0, self._began + seconds - time.monotonic()))
            ended = f"it ended with {self._process.returncode}; see {name}.log"
        except subprocess.TimeoutExpired:
            ended = f"it took longer than {seconds:.0f} s"
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        result = read_results(self._out).get(name, {"state": "running", "seconds": 0.0, "found": {}})
        if result["state"] == "running":
            result |= {"state": "failed", "why": ended}
            write_result(self._out / f"{name}.json", result)
        return str(result["state"])


def pack(out: Path) -> Path:
    """All results and logs in one file, for a machine from which few files come back."""
    archive = out / "results.zip"
    temporary = archive.with_suffix(".part")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted([*out.glob("*.json"), *out.glob("*.log"), *out.glob("*.md")]):
            packed.write(file, file.name)
    temporary.replace(archive)
    return archive


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=8.0, help="of the whole; what no longer fits is left out")
    parser.add_argument("--out", type=Path, default=Path("build/gpu"))
    parser.add_argument("--carried", type=Path, help="the folder made by python -m benchmarks.gpu.carry")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[part.name for part in PARTS],
        metavar="NAME",
        help=", ".join(part.name for part in PARTS),
    )
    parser.add_argument("--dry-run", action="store_true", help="on the CPU, with small sizes: tries the script itself")
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "kernels", ignore_errors=True)
    for part in BY_NAME.values():
        (out / f"{part.name}.json").unlink(missing_ok=True)
    passed_on = ["--dry-run"] if options.dry_run else []
    passed_on += ["--carried", str(options.carried.resolve())] if options.carried else []
    end = time.monotonic() + 60 * options.minutes
    wanted = [part for part in PARTS if not options.only or part.name in options.only]
    beside = Child(CPU, out, passed_on) if any(part.name not in _EARLY for part in wanted) else None
    for part in wanted:
        if beside is not None and part.name not in _EARLY:
            print(f"{CPU.title}: {beside.result(min(CPU.seconds, end - time.monotonic()))}", flush=True)
            beside = None
        left = end - time.monotonic()
        if left < 5:
            break
        state = Child(part, out, passed_on).result(min(part.seconds, left))
        page = write_summary(out, options.dry_run)
        pack(out)
        print(f"{part.title}: {state}", flush=True)
        if part.name == "machine" and state != "passed":
            break
    if beside is not None:
        beside.result(0.0)
    page = write_summary(out, options.dry_run)
    results = read_results(out)
    if proven(results) and not options.dry_run:
        from gridproof.kernels.cuda.availability import gpu_packages, open_gpu
        from gridproof.kernels.cuda.proof import write_proof

        print(f"proven: {write_proof(open_gpu(), gpu_packages(), page)}")
    print(page.read_text(encoding="utf-8"))
    print(f"{page}, and with all logs {pack(out)}")
    raise SystemExit(any(results[part.name]["state"] == "failed" for part in wanted if part.name in results))


if __name__ == "__main__":
    main()
