"""What the integrity of a run's folder costs: python -m benchmarks.run_folder. Labels, checksums, flushes, manifest.

Sweeps us-demo twice, without the verdict, and prints the share of the second sweep's time that checksums and flushes to
disk take. The folders are temporary.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from typing import Any

import gridproof as gp
from gridproof.results.run import atomic_write as atomic_write_module
from gridproof.results.run import digest, manifest, tile_file, tiles
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan.grid import ProductGrid

# Variants of a piece: small ones, so that there are many tiles.
PIECE = 2_000


class Meter:
    """Counts calls of functions, their CPU time and their wall time, in seconds."""

    def __init__(self) -> None:
        self.calls, self.cpu, self.wall = 0, 0.0, 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **options: Any) -> Any:
            cpu, wall = time.process_time(), time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.calls += 1
                self.cpu += time.process_time() - cpu
                self.wall += time.perf_counter() - wall

        return measured


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run_folder", description=__doc__)
    parser.add_argument("--out", metavar="FOLDER", help="where the temporary folders are made (the system's place)")
    options = parser.parse_args()
    digests, flushes = Meter(), Meter()
    for module, name in ((tile_file, "digest_of_arrays"), (manifest, "digest_of_file")):
        setattr(module, name, digests.around(getattr(digest, name)))
    for module in (atomic_write_module, tiles):
        module.flush_to_disk = flushes.around(atomic_write_module.flush_to_disk)  # type: ignore[attr-defined]
    sweep_module.whole_grid = lambda plan, _: ProductGrid(plan, PIECE)  # type: ignore[assignment]
    study = gp.load_study("us-demo")
    with tempfile.TemporaryDirectory(dir=options.out) as out:
        for _ in range(2):  # the first call compiles
            digests.__init__()  # type: ignore[misc]
            flushes.__init__()  # type: ignore[misc]
            cpu, wall = time.process_time(), time.perf_counter()
            run = gp.run(study, out=tempfile.mkdtemp(dir=out), verdict=False)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    summary = f"{study.space.size:,} variants in pieces of {PIECE:,}, {run.place}: {cpu:.1f} s CPU, {wall:.1f} s"
    print(summary)
    for name, meter in (("SHA-256", digests), ("flushes to disk", flushes)):
        print(
            f"{name}: {meter.calls} calls, {meter.cpu:.3f} s CPU ({meter.cpu / cpu:.2%}), "
            f"{meter.wall:.3f} s ({meter.wall / wall:.2%})"
        )


if __name__ == "__main__":
    main()
