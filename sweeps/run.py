"""A run: every variant of a study evaluated into a folder that a later call resumes or reads."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from gridproof.kernels.backend import Backend, resolve
from gridproof.kernels.cuda.device import gpu_answers
from gridproof.kernels.errors import InputError
from gridproof.results.record import Record, objective_of
from gridproof.results.report import write_report
from gridproof.results.store import ROWS_KEPT, Store
from gridproof.signals.market import Market, load_market
from gridproof.sweeps.budget import Budget, Meter
from gridproof.sweeps.cluster import Cluster
from gridproof.sweeps.conclusion import checked_point, conclude, variant_tables
from gridproof.sweeps.executor import Executor, Fault, IncompleteError, Local, Task
from gridproof.sweeps.grid import Grid, Listed, draw_sample, whole_grid
from gridproof.sweeps.identity import code_digest
from gridproof.sweeps.place import Place
from gridproof.sweeps.plan import Plan, build_plan
from gridproof.sweeps.study import Study, load_study
from gridproof.sweeps.tile import Yardstick, evaluate_listed
from gridproof.sweeps.trials import RunLedger
from gridproof.sweeps.verdict import Say, conclude_verdict

# Pieces a tile: what a hard kill may lose.
TILE_PIECES = 1
_PILOT = 4096
_BINS = 200

# ``progress(done, total, new)``: variants finished, of how many, and how many this call added.
Progress = Callable[[int, int, int], None]
# ``nodes(rates, notice)``: variants a second of each node of a cluster by name, and what has happened, in words.
Nodes = Callable[[Mapping[str, float], str], None]

# Finished tiles until they are folded, and tiles that raise until the run is ended.
_FOLD_EVERY = 64
_FAULTS = 16


def _quiet(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder."""

    folder: Path
    reused: bool = False  # nothing was left to do
    place: str = ""  # of a run at a URL, the URL

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
    def search(self) -> dict[str, Any]:
        """What was searched, where this is a search's folder; else empty."""
        store = Store(self.folder)
        return store.read_json("search.json") if store.has("search.json") else {}

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
    ray: str | None = None,
    workers: int | None = None,
    budget: Budget | None = None,
    nodes: Nodes | None = None,
) -> Run:
    """Evaluate every variant of a study, or a random ``sample`` of them, into a folder under ``out``, or at a URL.

    Resumes what an earlier call of the same study, data, code and backend left; a finished run is only read.
    ray: 'local', 'auto' or the HOST:PORT of a head spreads the tiles over a cluster, on at most ``workers`` workers;
    what is written is the same to the byte. KeyboardInterrupt keeps every finished tile. Raises InputError, and
    IncompleteError where the budget is used up, tiles raise, or the cluster or the disk's room is lost: all resumable.
    """
    executor: Executor = Local(tile_pieces) if ray is None else Cluster(ray, workers)
    meter = Meter(budget or Budget())
    chosen = executor.backend(backend)
    if verdict and chosen.name == "cuda" and not gpu_answers():
        say("none, for this machine has no GPU; on one that has, gridproof verdict RUN computes it")
        verdict = False
    market = market_of(study, data)
    if sample is not None and sample < 1:
        raise InputError("a sample holds at least one variant", sample, "--sample", "Raise it")
    if sample is not None and sample >= study.space.size:
        sample = None
    place = Place(out)
    store = Store(run_folder(study, market, chosen.name, sample, place.folder))
    place.fetch(store.folder.name)
    if store.finished:
        store.tidy()
        if verdict and not store.has("statistics.json"):
            judge_run(store.folder, data, say)
        place.save()
        return Run(store.folder, reused=True, place=place.of(store.folder))
    plan, grid, summary = sweep(store, study, market, chosen, executor, data, sample, progress, nodes, meter, place)
    if verdict:
        store.write_json("summary.json", summary)
        conclude_verdict(plan, grid, store, chosen.name, data_folder(study, data), say)
    store.write_json("summary.json", summary)
    write_report(store.folder)
    store.tidy()
    place.save()
    return Run(store.folder, place=place.of(store.folder))


def sweep(
    store: Store,
    study: Study,
    market: Market,
    chosen: Backend,
    executor: Executor,
    data: str | Path | None,
    sample: int | None = None,
    progress: Progress | None = None,
    nodes: Nodes | None = None,
    meter: Meter | None = None,
    place: Place | None = None,
) -> tuple[Plan, Grid, Record]:
    """Evaluate every variant, or a sample, into the store's folder; all that the page needs but the summary, answered.

    Raises as ``run_study``.
    """
    place = place or Place(store.folder.parent)
    began = time.perf_counter()
    with executor:
        plan = build_plan(study, market, chosen)
        grid = _grid(plan, sample)
        executor.prepare(plan, grid)
        planned = time.perf_counter()
        store.create(study.to_yaml())
        place.save()
        checked_point(plan, grid, study.space.base_index)
        task = Task(plan, grid, _yardstick(plan, grid), grid.size <= ROWS_KEPT)
        ledger = RunLedger(study, grid, store, data_folder(study, data))
        watch = _Watch(task, store, progress, nodes, meter or Meter(Budget()))
        new = _run_tiles(task, store, ledger, executor, watch, place)
        swept = time.perf_counter()
        if task.keep_rows and not store.has("variants.parquet"):
            store.write_variants(variant_tables(plan, grid, store), grid.size)
        ledger.conclude()
        summary = conclude(plan, grid, store, task.yardstick, chosen.name, sample, code_digest())
        timing = executor.timing()
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
        }
        | timing,
    )
    return plan, grid, summary


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


class _Watch:
    """Counts what is done, passes it on, and ends a call whose budget is used up."""

    def __init__(self, task: Task, store: Store, progress: Progress | None, nodes: Nodes | None, meter: Meter) -> None:
        bounds = task.grid.bounds
        self._done = sum(bounds(high - 1)[1] - bounds(low)[0] for low, high in store.finished_tiles())
        self._total = task.grid.size
        self._progress = progress
        self._nodes = nodes
        self._meter = meter
        self.new = 0
        self.exhausted: str | None = None
        self.advance(0)

    def advance(self, variants: int) -> None:
        self._done += variants
        self.new += variants
        if self._progress is not None:
            self._progress(self._done, self._total, self.new)

    def nodes(self, rates: Mapping[str, float], notice: str = "") -> None:
        if self._nodes is not None:
            self._nodes(rates, notice)

    def enough(self, nodes: int) -> bool:
        self.exhausted = self.exhausted or self._meter.exhausted(nodes)
        return self.exhausted is not None


def _run_tiles(task: Task, store: Store, ledger: RunLedger, executor: Executor, watch: _Watch, place: Place) -> int:
    """Store every missing tile; how many variants that added. Raises IncompleteError where some are still missing."""
    faults: list[str] = []
    stored = 0
    with closing(executor.tiles(task, list(store.missing(task.grid.pieces)), watch)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Fault):
                faults.append(_named(task, outcome))
                if len(faults) == _FAULTS:
                    break
                continue
            try:
                ledger.finish(outcome.low, outcome.high)
                store.put_tile(outcome.low, outcome.high, outcome.tally, outcome.rows)
                stored += 1
                if not task.keep_rows and stored % _FOLD_EVERY == 0:
                    store.fold()
                place.save()
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                room = f"{store.folder}: no room is left for a tile. Make some; the same command goes on"
                raise IncompleteError(room) from None
    if faults:
        count = f"{len(faults)} tiles" if len(faults) > 1 else "a tile"
        raise IncompleteError(f"{count} raised; the same command tries again:\n" + "\n".join(faults))
    if list(store.missing(task.grid.pieces)):
        raise IncompleteError(f"{watch.exhausted}; the same command goes on")
    return watch.new


def _named(task: Task, fault: Fault) -> str:
    """A fault with the variants that it is about."""
    first = task.grid.variants(fault.low)[0]
    last = task.grid.variants(fault.high - 1)[-1]
    ends = [task.plan.study.space.parameters(int(variant)) for variant in (first, last)]
    moved = {name: (value, ends[1][name]) for name, value in ends[0].items()}
    where = ", ".join(f"{name}={a}" if a == b else f"{name}={a} to {b}" for name, (a, b) in moved.items())
    return f"pieces {fault.low} to {fault.high - 1}, variants {first:,} to {last:,} ({where}): {fault.what}"


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
