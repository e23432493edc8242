"""Other engines, each in a process of a virtual environment of their own, which they pin too tightly to share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import numpy as np

from benchmarks.problem import PERIODS, Grid, closes
from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.reference import decide

HERE = Path(__file__).resolve().parent
VENV = HERE.parent / ".bench-venv"
WANTED = ("vectorbt[rust]==1.2.*", "raptorbt==0.13.*")
# Name: the script, its arguments, the most legs it can hold, and how many columns (variants x legs) it takes at once:
# vectorbt is fastest while a chunk stays in the caches, and well below 2 GiB then.
ENGINES: dict[str, tuple[str, tuple[str, ...], int, int]] = {
    "vectorbt_numba": ("vectorbt_loop.py", ("numba",), 2, 200),
    "vectorbt_rust": ("vectorbt_loop.py", ("rust",), 2, 200),
    "raptorbt": ("raptorbt_loop.py", (), 1, 1000),
}
# Chunks one after another in a measurement, as in a sweep: the first finds the caches cold.
ROUNDS = 5
COMPARED = [METRICS.index(name) for name in ("total_return", "sharpe", "max_drawdown")]


def install() -> Path:
    """The Python with the other engines, made on first use. Raises CalledProcessError where pip cannot."""
    python, done = VENV / "bin" / "python", VENV / "installed"
    if not done.exists() or done.read_text().split() != list(WANTED):
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True, stdout=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *WANTED], check=True, stdout=sys.stderr)
        done.write_text("\n".join(WANTED))
    return python


class Rival:
    """One engine on a chunk of a grid: ``measure`` runs it once more, warm."""

    def __init__(self, python: Path, name: str, grid: Grid) -> None:
        script, arguments, _, columns = ENGINES[name]
        self.name = name
        self.rows = grid.sample(columns // grid.case.legs)
        held = np.stack([decide(grid.problem, row) for row in self.rows])
        self._folder = TemporaryDirectory()
        self._answer = Path(self._folder.name) / "metrics.npy"
        source = Path(self._folder.name) / "chunk.npz"
        np.savez(source, closes=closes(grid.problem), held=held.astype(np.uint8))
        self.variant_days = held.size * ROUNDS
        begin = time.perf_counter()
        self._process = subprocess.Popen(
            [python, "-P", HERE / script, source, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "RAPTORBT_NO_VERSION_CHECK": "1"},
        )
        self._ask(1)
        self.first_seconds = time.perf_counter() - begin  # import, JIT and the first run

    def measure(self) -> float:
        return self._ask(ROUNDS)

    def metrics(self) -> Floats:
        """(n, 3) of the last ``measure``: total return, Sharpe ratio, deepest drawdown."""
        answer: Floats = np.load(self._answer)
        return answer

    def peak_mib(self) -> float:
        return peak_mib(self._process.pid)

    def _ask(self, rounds: int) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{rounds} {self._answer}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")
        return float(json.loads(answer)["seconds"])

    def __enter__(self) -> Rival:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._folder.cleanup()


def as_they_count(ours: Floats, days: int) -> Floats:
    """Our metrics (n, 1, 12 + A) in their conventions, (n, 3): the Sharpe ratio with one more day that returned 0.

    With S the sum and Q the sum of squares of the T returns, both follow from our Sharpe ratio and volatility.
    """
    total, sharpe, drawdown = ours[:, 0, COMPARED].T
    volatility = ours[:, 0, METRICS.index("volatility")]
    sums = sharpe * volatility * days / PERIODS
    squares = volatility**2 / PERIODS * (days - 1) + sums**2 / days
    deviation = np.sqrt((squares - sums**2 / (days + 1)) / days)
    return np.stack([total, sums / (days + 1) / deviation * np.sqrt(PERIODS), drawdown], axis=1)


def peak_mib(process: int | str = "self") -> float:
    """The most memory a process has held. Not from getrusage, which a child inherits from the one that started it."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")
