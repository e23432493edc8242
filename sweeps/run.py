"""A run: every variant of a study evaluated into a folder that a later call resumes or reads."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.results.record import objective_of
from gridproof.results.report import write_report
from gridproof.results.store import ROWS_KEPT, Store
from gridproof.signals.market import Market, load_market
from gridproof.sweeps.conclusion import checked_point, conclude, variant_tables
from gridproof.sweeps.grid import Grid, Listed, draw_sample, whole_grid
from gridproof.sweeps.plan import Plan, build_plan
from gridproof.sweeps.study import Study, load_study
from gridproof.sweeps.tile import Yardstick, evaluate_listed, run_tile
from gridproof.sweeps.trials import RunLedger
from gridproof.sweeps.verdict import Say, conclude_verdict

# Pieces a tile: what a hard kill may lose.
TILE_PIECES = 4
_PILOT = 4096
_BINS = 200

# ``progress(done, total, new)``: variants finished, of how many, and how many this call added.
Progress = Callable[[int, int, int], None]


def _quiet(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder."""

    folder: Path
    reused: bool = False  # nothing was left to do

    @property
    def summary(self) -> dict[str, Any]:
        return Store(self.folder).read_json("summary.json")

    @property
    def timing(self) -> dict[str, Any]:
        return Store(self.folder).read_json("timing.json")

    @property
    def statistics(self) -> dict[str, Any]:
        """The verdict's statistics; empty where none was computed."""
        store = Store(self.folder)
        return store.read_json("statistics.json") if store.has("statistics.json") else {}

    @property
    def curves(self) -> pd.DataFrame:
        """Daily curves of base, best and each leg held throughout."""
        return Store(self.folder).read_table("curves.parquet")

    def top(self, count: int = 20) -> pd.DataFrame:
        """The best distinct variants; ``equal`` says how many variants of the grid trade exactly like each."""
        return Store(self.folder).read_table("top.parquet").head(count)

    def surface(self, x: str, y: str, how: str = "base") -> pd.DataFrame:
        """The objective over two axes, x down and y across.

        how: 'base' (all others at the base), 'mean' or 'max' over all others, or 'count'. Raises InputError.
        """
        if how not in ("base", "mean", "max", "count"):
            raise InputError("a surface is base, mean, max or count", how, "surface", "Use one of them")
        table = Store(self.folder).read_table("surfaces.parquet")
        flipped = (table.x_axis == y) & (table.y_axis == x)
        cells = table[((table.x_axis == x) & (table.y_axis == y)) | flipped]
        if cells.empty:
            axes = [axis["name"] for axis in self.summary["axes"] if len(axis["values"]) > 1]
            raise InputError(
                "a surface needs two axes with several values", f"{x}, {y}", "surface", f"Use two of {', '.join(axes)}"
            )
        values = {axis["name"]: axis["values"] for axis in self.summary["axes"]}
        first, second = ("y_index", "x_index") if flipped.any() else ("x_index", "y_index")
        grid = cells.pivot(index=first, columns=second, values=how)
        grid.index = pd.Index([values[x][i] for i in grid.index], name=x)
        grid.columns = pd.Index([values[y][i] for i in grid.columns], name=y)
        return grid

    def sql(self, query: str) -> pd.DataFrame:
        """A DuckDB query; every Parquet file of the folder is a table: variants, top, surfaces, curves.

        Raises InputError where the folder holds no finished run, or the query is none.
        """
        Store(self.folder).read_json("summary.json")  # the complaint, where this is no finished run
        connection = duckdb.connect()
        try:
            for path in sorted(self.folder.glob("*.parquet")):
                quoted = str(path).replace("'", "''")
                connection.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{quoted}')")
            answer: pd.DataFrame = connection.execute(query).df()
            return answer
        except duckdb.Error as error:
            rule, fault = "a query is DuckDB SQL over the run's tables", str(error).splitlines()[0]
            raise InputError(rule, fault, "sql", "Correct it") from None
        finally:
            connection.close()

    def report(self) -> Path:
        """Write report.html anew. Raises InputError where the folder holds no finished run."""
        Store(self.folder).read_json("summary.json")  # the complaint, where this is no finished run
        return write_report(self.folder)


def market_of(study: Study, data: str | Path | None = None) -> Market:
    """Load the market of a study; ``data`` is its folder, else the study's market.path. Raises InputError."""
    return load_market(study.sources(), study.spec.market.calendar, data_folder(study, data))


def data_folder(study: Study, data: str | Path | None = None) -> Path | None:
    """Where a study's files are read: ``data``, else its market.path, None where neither is given."""
    folder = data if data is not None else study.spec.market.path
    return Path(folder) if folder is not None else None


def run_folder(study: Study, market: Market, backend: str, sample: int | None, out: Path) -> Path:
    """runs/NAME-HASH: the hash covers the study, the data, the code and the backend."""
    identity = "\n".join([study.to_yaml(), market.digest(), code_digest(), backend, str(sample)])
    return out / f"{study.name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def code_digest() -> str:
    """SHA-256 over the sources that decide what a run's folder holds."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    patterns = ("kernels/**/*.py", "kernels/**/*.cu*", "signals/*.py", "sweeps/*.py", "results/*.py", "results/*.j2")
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def run_study(
    study: Study,
    data: str | Path | None = None,
    out: str | Path = "runs",
    backend: str = "auto",
    sample: int | None = None,
    progress: Progress | None = None,
    tile_pieces: int = TILE_PIECES,
    verdict: bool = True,
    say: Say = _quiet,
) -> Run:
    """Evaluate every variant of a study, or a random ``sample`` of them, into a folder under ``out``.

    Resumes what an earlier call of the same study, data, code and backend left; a finished run is only read.
    KeyboardInterrupt keeps every finished tile. Raises InputError.
    """
    chosen = resolve(backend)
    market = market_of(study, data)
    if sample is not None and sample < 1:
        raise InputError("a sample holds at least one variant", sample, "--sample", "Raise it")
    if sample is not None and sample >= study.space.size:
        sample = None
    store = Store(run_folder(study, market, chosen.name, sample, Path(out)))
    if store.finished:
        store.tidy()
        return Run(store.folder, reused=True)
    began = time.perf_counter()
    plan = build_plan(study, market, chosen)
    grid = _grid(plan, sample)
    planned = time.perf_counter()
    store.create(study.to_yaml())
    checked_point(plan, grid, study.space.base_index)
    yardstick = _yardstick(plan, grid)
    ledger = RunLedger(study, grid, store, data_folder(study, data))
    new = _run_tiles(plan, grid, store, ledger, yardstick, progress, tile_pieces)
    swept = time.perf_counter()
    if grid.size <= ROWS_KEPT and not store.has("variants.parquet"):
        store.write_variants(variant_tables(plan, grid, store), grid.size)
    ledger.conclude()
    summary = conclude(plan, grid, store, yardstick, chosen.name, sample, code_digest())
    seconds = swept - planned
    store.write_json(
        "timing.json",
        {
            "seconds": time.perf_counter() - began,
            "seconds_planning": planned - began,
            "seconds_sweeping": seconds,
            "variants_evaluated_in_this_call": new,
            "variants_per_second": new / seconds,
            "variant_days_per_second": new * plan.window.days / seconds,
            "hardware": {"machine": platform.machine(), "processor": _processor(), "cores": os.cpu_count()},
        },
    )
    if verdict:
        store.write_json("summary.json", summary)
        conclude_verdict(plan, grid, store, chosen.name, data_folder(study, data), say)
    store.write_json("summary.json", summary)
    write_report(store.folder)
    store.tidy()
    return Run(store.folder)


def judge_run(folder: str | Path, data: str | Path | None = None, say: Say = _quiet) -> Run:
    """Compute the statistics of a finished run anew and write its report. ``data`` as it was for the run.

    Raises InputError where the folder holds no finished run, and where the data are not those of the run.
    """
    store = Store(Path(folder))
    summary = store.read_json("summary.json")
    study = load_study(store.folder / "study.yaml")
    market = market_of(study, data)
    if market.digest() != summary["data_hash"]:
        rule, remedy = "a verdict needs the very data of its run", "Give the run's --data, or run the study again"
        raise InputError(rule, "other data", str(store.folder), remedy)
    chosen = resolve(summary["backend"])
    plan = build_plan(study, market, chosen)
    grid = _grid(plan, summary["sample"])
    conclude_verdict(plan, grid, store, chosen.name, data_folder(study, data), say)
    write_report(store.folder)
    return Run(store.folder)


def _grid(plan: Plan, sample: int | None) -> Grid:
    return whole_grid(plan) if sample is None else Listed(plan, draw_sample(plan.study.space.size, sample))


def _run_tiles(
    plan: Plan,
    grid: Grid,
    store: Store,
    ledger: RunLedger,
    yardstick: Yardstick,
    progress: Progress | None,
    tile_pieces: int,
) -> int:
    done = sum(grid.bounds(high - 1)[1] - grid.bounds(low)[0] for low, high in store.finished_tiles())
    new = 0

    def advance(count: int) -> None:
        nonlocal done, new
        done += count
        new += count
        if progress is not None:
            progress(done, grid.size, new)

    if progress is not None:
        progress(done, grid.size, 0)
    keep_rows = grid.size <= ROWS_KEPT
    for first, last in list(store.missing(grid.pieces)):
        for low in range(first, last, tile_pieces):
            high = min(last, low + tile_pieces)
            tally, rows = run_tile(plan, grid, low, high, yardstick, keep_rows, advance)
            ledger.finish(low, high)
            store.put_tile(low, high, tally, rows)
            if not keep_rows:
                store.fold()
    return new


def _yardstick(plan: Plan, grid: Grid) -> Yardstick:
    """Histogram edges around a pilot of some thousand variants, and the base; the same for every tile and resume."""
    space, objective = plan.study.space, plan.study.spec.objective
    pilot = evaluate_listed(plan, Listed(plan, draw_sample(space.size, min(_PILOT, space.size))))
    own = plan.evaluate(grid.alone(space.base_index).work)
    values = np.append(objective_of(pilot, objective), objective_of(own, objective))
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = 0.1 * (high - low) or 0.5
    edges = np.linspace(low - margin, high + margin, _BINS + 1)
    after = float(objective_of(own, objective, 1)[0]) if own.shape[1] > 1 else np.nan
    return Yardstick(edges, (float(objective_of(own, objective)[0]), after))


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "unknown")
