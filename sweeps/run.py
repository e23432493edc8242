"""Running a study: every variant of it, or a sample, into a folder that a later call resumes or reads."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from pathlib import Path

from gridproof.kernels.backend import Backend, resolve
from gridproof.kernels.cuda.device import gpu_answers
from gridproof.kernels.errors import InputError
from gridproof.results.report.report import write_report
from gridproof.results.run.record import Record
from gridproof.results.run.run import Run
from gridproof.results.run.store import ROWS_KEPT, Store
from gridproof.signals.data.market import Market, load_market
from gridproof.sweeps.cluster.executor import ClusterExecutor
from gridproof.sweeps.execution.budget import Budget, BudgetTracker
from gridproof.sweeps.execution.collect import Nodes, Progress, ProgressObserver, collect
from gridproof.sweeps.execution.executor import Executor, LocalExecutor, Task
from gridproof.sweeps.execution.identity import code_digest
from gridproof.sweeps.execution.ledger_entries import RunLedger
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.execution.summary import checked_point, variant_tables, write_summary
from gridproof.sweeps.execution.tile import build_yardstick
from gridproof.sweeps.plan.grid import Grid, ListedGrid, draw_sample, whole_grid
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.verdict.verdict import Say, conclude_verdict

# Pieces a tile: what a hard kill may lose.
TILE_PIECES = 1


def _quiet(_text: str) -> None:
    """Say nothing."""


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
    executor: Executor = LocalExecutor(tile_pieces) if ray is None else ClusterExecutor(ray, workers)
    tracker = BudgetTracker(budget or Budget())
    chosen = executor.backend(backend)
    if verdict and chosen.name == "cuda" and not gpu_answers():
        say("none, for this machine has no GPU; on one that has, gridproof verdict RUN computes it")
        verdict = False
    market = market_of(study, data)
    if sample is not None and sample < 1:
        raise InputError("a sample holds at least one variant", sample, "--sample", "Raise it")
    if sample is not None and sample >= study.space.size:
        sample = None
    place = RunStore(out)
    store = Store(run_folder(study, market, chosen.name, sample, place.folder))
    place.fetch(store.folder.name)
    if store.finished:
        store.tidy()
        if verdict and not store.has("statistics.json"):
            judge_run(store.folder, data, say)
        place.save()
        return Run(store.folder, reused=True, place=place.of(store.folder))
    plan, grid, summary = sweep(store, study, market, chosen, executor, data, sample, progress, nodes, tracker, place)
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
    tracker: BudgetTracker | None = None,
    place: RunStore | None = None,
) -> tuple[Plan, Grid, Record]:
    """Evaluate every variant, or a sample, into the store's folder; all that the page needs but the summary, answered.

    Raises as ``run_study``.
    """
    place = place or RunStore(store.folder.parent)
    began = time.perf_counter()
    with executor:
        plan = build_plan(study, market, chosen)
        grid = _grid(plan, sample)
        executor.prepare(plan, grid)
        planned = time.perf_counter()
        store.create(study.to_yaml())
        place.save()
        checked_point(plan, grid, study.space.base_index)
        task = Task(plan, grid, build_yardstick(plan, grid), grid.size <= ROWS_KEPT)
        ledger = RunLedger(study, grid, store, data_folder(study, data))
        observer = ProgressObserver(task, store, progress, nodes, tracker or BudgetTracker(Budget()))
        new = collect(executor, task, store, ledger, place, observer)
        swept = time.perf_counter()
        if task.keep_rows and not store.has("variants.parquet"):
            store.write_variants(variant_tables(plan, grid, store), grid.size)
        ledger.conclude()
        summary = write_summary(plan, grid, store, task.yardstick, chosen.name, sample, code_digest())
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
    return whole_grid(plan) if sample is None else ListedGrid(plan, draw_sample(plan.study.space.size, sample))


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "unknown")
