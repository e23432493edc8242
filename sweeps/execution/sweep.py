"""The sweep of a run: its grid is evaluated, its tiles and its summary are written."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import cast

from gridproof.kernels.backend import Backend
from gridproof.results.run.errors import DamagedFileError
from gridproof.results.run.store import ROWS_KEPT, VARIANTS
from gridproof.results.run.summary_record import RunSummary, RunTiming
from gridproof.sweeps.execution.budget import Budget, BudgetTracker
from gridproof.sweeps.execution.collect import RunControl, begin, collect, complete_tally
from gridproof.sweeps.execution.context import RunContext
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.executor import Executor, LocalExecutor, Task
from gridproof.sweeps.execution.recording import RunLedger
from gridproof.sweeps.execution.summary import write_summary
from gridproof.sweeps.execution.summary_tables import variant_tables
from gridproof.sweeps.execution.tile import build_tally_scale
from gridproof.sweeps.plan.grid import Grid, whole_grid
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan, build_plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.plan.sample import draw_variants
from gridproof.sweeps.plan.workload import check_duration, daily_kernel_notices


def sweep(
    context: RunContext, executor: Executor, sample: int | None = None, tracker: BudgetTracker | None = None
) -> tuple[GridEvaluation, RunSummary]:
    """Evaluate every variant, or a sample, into the run's folder. Returns the evaluated grid and the summary.

    Does not write the summary, which would make the run a finished one. Raises InputError, and IncompleteError where
    the budget is used up, tiles fail or the cluster is lost.
    """
    study, store, observer = context.study, context.store, context.observer
    began = time.perf_counter()
    variants = study.space.size if sample is None else sample
    check_duration(study, variants, not isinstance(executor, LocalExecutor))
    for notice in daily_kernel_notices(study, variants):
        observer.notice(notice)
    with executor:
        plan = build_plan(study, context.market, context.backend, observer=observer)
        grid = choose_grid(plan, context.backend, sample)
        # Variants that an earlier call has finished need no rows, which it has removed.
        manifest = store.manifest()
        written = manifest is not None and VARIANTS in manifest.files and manifest.fault(store.folder, VARIANTS) is None
        grid = begin(store, grid, grid.size <= ROWS_KEPT and not written, observer)
        evaluation = GridEvaluation(grid, executor.prepare(grid, context.backend), Points(study, context.market))
        planned = time.perf_counter()
        store.create(study.to_yaml(), None if study.operators is None else study.operators.text)
        context.runs.save()
        evaluation.point(study.space.base_index)  # where backend and reference disagree, the sweep is not begun
        task = Task(grid, build_tally_scale(evaluation), grid.size <= ROWS_KEPT)
        ledger = RunLedger(study, grid, store, context.data)
        control = RunControl(task, store, observer, tracker or BudgetTracker(Budget()))
        new = collect(executor, task, store, ledger, context.runs, control)
        tally = complete_tally(store, grid)
        swept = time.perf_counter()
        if task.keep_rows and not written:
            try:
                store.write_variants(variant_tables(plan, grid, store, observer), grid.size)
            except DamagedFileError as error:
                raise IncompleteError(f"{store.tiles.folder}: {error}; rerun to evaluate its tile again") from None
        for replaced in ledger.conclude():
            observer.notice(replaced)
        summary = write_summary(context, evaluation, tally, task.scale, sample)
        timing = executor.timing()
    seconds = swept - planned
    measured = {
        "seconds": time.perf_counter() - began,
        "seconds_planning": planned - began,
        "seconds_sweeping": seconds,
        "variants_evaluated_in_this_call": new,
        "variants_per_second": new / seconds,
        "variant_days_per_second": new * plan.window.days / seconds,
        "hardware": {"machine": platform.machine(), "processor": _processor(), "cores": os.cpu_count()},
    }
    record = cast("RunTiming", measured | timing)
    store.write_json("timing.json", record)
    return evaluation, summary


def choose_grid(plan: Plan, backend: Backend, sample: int | None) -> Grid:
    """The grid of every variant, or of a sample."""
    if sample is None:
        return whole_grid(plan, backend.reduction(plan.problem))
    return ListedGrid(plan, draw_variants(plan.study, sample))


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), "unknown")
