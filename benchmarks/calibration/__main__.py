"""python -m benchmarks.calibration: how often each of the four questions is answered where the truth is known.

Of every kind so many markets are drawn; each is judged by the functions of the verdict. The result is
a table, and a JSON file that keeps what is finished: the same command again continues after an interruption.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from benchmarks.calibration import base_questions, search_question
from benchmarks.calibration.markets import real_series
from benchmarks.calibration.rates import Row
from benchmarks.calibration.table import tables
from benchmarks.measure import hardware
from gridproof.results.run.atomic_write import atomic_write

MARKETS = 1000
SEED = 20261129
_FOLDER = Path(__file__).parents[2]
_DATA = _FOLDER.parent / "shared" / "data" / "ashare"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--markets", type=int, default=MARKETS, help="of each kind (%(default)s)")
    parser.add_argument("--kind", action="append", metavar="NAME", help="only this kind; can be repeated")
    parser.add_argument("--data", type=Path, default=_DATA, help="folder with index_daily.parquet, if there is one")
    parser.add_argument("--out", type=Path, help="the JSON file (benchmarks/results/DATE-calibration.json)")
    options = parser.parse_args(arguments)
    out = options.out or _FOLDER / "benchmarks" / "results" / f"{date.today()}-calibration.json"
    report = measure(options.markets, options.kind, options.data, out)
    print("\n\n".join(tables(report["rows"])))


def measure(markets: int, names: list[str] | None, data: Path, out: Path) -> dict[str, Any]:
    """Measure the classes of the named kinds, all if None, that the file does not have; each is written at once."""
    every = classes(data)
    kinds = Counter(kind for kind, _ in every)
    if unknown := [name for name in names or () if name not in kinds]:
        raise SystemExit(f"--kind: must be one of {'; '.join(kinds)}; got {', '.join(unknown)}.")
    report: dict[str, Any] = {"date": str(date.today()), "hardware": hardware(), "seed": SEED, "markets": markets}
    report |= {"cpu_seconds": 0.0, "rows": []}
    if out.is_file():
        before = json.loads(out.read_text())
        report = before if (before["seed"], before["markets"]) == (SEED, markets) else report
    finished = {(row["kind"], row["class"]): row for row in report["rows"]}
    chosen = [key for key in every if not names or key[0] in names]
    for done, key in enumerate(chosen):
        if key in finished:
            continue
        print(f"{done + 1} of {len(chosen)}: {key[0]}, {key[1]} …", file=sys.stderr, flush=True)
        began = time.process_time()
        finished[key] = every[key](-(-markets // kinds[key[0]]), [SEED, crc32(repr(key).encode())])
        report["cpu_seconds"] += time.process_time() - began
        report["rows"] = [finished[one] for one in every if one in finished]
        with atomic_write(out) as file:
            file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return report


def classes(data: Path) -> dict[tuple[str, int], Callable[[int, list[int]], Row]]:
    """By kind and class, what measures so many markets from a seed. A kind of Search has one class, 0."""
    series = real_series(data)
    found: dict[tuple[str, int], Callable[[int, list[int]], Row]] = {}
    for name, kind in base_questions.base_kinds(series).items():
        for part in kind.classes:
            found[name, part] = partial(base_questions.measure_base, name, kind, part)
    for name, choice in search_question.search_kinds(series).items():
        found[name, 0] = partial(search_question.measure_search, name, choice)
    return found


if __name__ == "__main__":
    main()
