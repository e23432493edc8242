"""Ten thousand selections of stocks in one run, with all metrics and the verdict: ``python -m benchmarks.selections``.

``--data`` is the folder of the A-share files, from whose panel micro-caps are selected; without it stocks are selected
from the synthetic market of ``panel-demo``. Seconds are of the processor, over all threads, by stage; memory is the
highest of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gridproof as gp
from gridproof.sweeps.progress.observer import RunObserver

# 50 counts, 10 intervals and 4 offsets at 5 costs.
SELECTED = {"every": [5, 6, 8, 10, 15, 16, 18, 20, 25, 30], "offset": [0, 1, 2, 3]}
COSTS = [0.001, 0.002, 0.003, 0.004, 0.005]


def study_of(real: bool) -> gp.Study:
    raw = gp.load_study("microcap-selection" if real else "panel-demo").document.raw
    step = 20 if real else 4
    select = raw["legs"]["small"]["select"] | SELECTED | {"count": list(range(step, 51 * step, step))}
    legs = raw["legs"] | {"small": raw["legs"]["small"] | {"select": select}}
    signals = {"rate": raw["signals"]["rate"] | {"window": 243, "latch": {"on_above": 0.3, "off_below": -0.2}}}
    signals["rate"].pop("use", None)
    base = {"small.count": 20 * step, "small.every": 20, "small.offset": 0, "lag": 1, "cost": COSTS[0]}
    return gp.load_study(raw | {"legs": legs, "signals": signals, "execution": {"lag": 1, "cost": COSTS}, "base": base})


class StageClock(RunObserver):
    """Seconds of the processor between the beginnings of stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._began = "loading", time.process_time()

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        if stage != self._stage:
            now = time.process_time()
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._began
            self._stage, self._began = stage, now


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.selections", description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--no-verdict", action="store_true")
    options = parser.parse_args()
    study, stages = study_of(options.data is not None), StageClock()
    began = time.process_time(), time.perf_counter()
    with TemporaryDirectory() as folder:
        gp.run(study, data=options.data, out=folder, verdict=not options.no_verdict, observer=stages)
    stages.progress("", 0, 0)
    found: dict[str, Any] = {
        "variants": study.space.size,
        "processor": round(time.process_time() - began[0], 1),
        "wall": round(time.perf_counter() - began[1], 1),
        "memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "stages": {name: round(seconds, 1) for name, seconds in stages.seconds.items()},
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
