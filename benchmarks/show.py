"""The report of a benchmark as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

LABELS = {
    "cpu": "gridproof cpu",
    "cpu_bound_before": "  bound before",
    "cpu_list": "  as a list",
    "cuda": "gridproof cuda",
    "plain_loop": "plain Numba loop",
    "vectorbt_numba": "vectorbt, Numba",
    "vectorbt_rust": "vectorbt, Rust",
    "raptorbt": "RaptorBT",
    "reference": "gridproof reference",
}
UNITS = {"days": "days", "variants": "variants", "signals": "signals", "yearly": "switches a year of a signal"}


def show(report: Mapping[str, Any]) -> None:
    console = Console()
    console.print(", ".join(f"{name} {value}" for name, value in report["hardware"].items()), highlight=False)
    if "left_out" in report:
        console.print(report["left_out"])
    for case in report["cases"]:
        console.print(_case(case))
    for axis, rows in report["tables"].items():
        console.print(_cost(axis, rows))
    if "break_even_variants" in report:
        size = report["break_even_variants"]
        console.print(
            f"cuda is no slower than cpu from {size} variants on" if size else "cuda is slower than cpu at every size"
        )
    console.print(_alone(report["alone"]))


def _case(case: Mapping[str, Any]) -> Table:
    size = f"{case['variants']:,} variants x {case['days']:,} days, {case['signals']} signals"
    title = f"{case['name']}\n{size}, {case['switches_of_a_variant']:.1f} switches a variant"
    table = _table(title, "", "seconds", "fastest", "variant-days per s", "cpu is x as fast", "differs by")
    ours = case["runs"]["cpu"]["variant_days_per_second"]
    for name, label in LABELS.items():
        if name in case["runs"]:
            run = case["runs"][name]
            rate = run["variant_days_per_second"]
            table.add_row(
                label,
                f"{run['seconds']:.3f}",
                f"{run['fastest']:.3f}",
                f"{rate:.2e}",
                "" if name.startswith("cpu") else f"{ours / rate:,.1f}",
                f"{case['largest_difference'][name]:.0e}" if name in case["largest_difference"] else "",
            )
    return table


def _cost(axis: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    headings = ["variants", "switches", "cpu ns", "loop ns", "cpu is x as fast"]
    if "cuda" in rows[0]:
        headings += ["cuda ns", "cuda is x cpu"]
    table = _table(f"against {UNITS[axis]}, a variant costs", axis, *headings)
    for row in rows:
        gpu = [f"{row['cuda_ns_per_variant']:,.1f}", f"{row['cuda_over_cpu']:.1f}"] if "cuda" in row else []
        table.add_row(
            f"{row[axis]:,g}" if axis == "yearly" else f"{row[axis]:,}",
            f"{row['variants']:,}",
            f"{row['switches']:.1f}",
            f"{row['cpu_ns_per_variant']:,.0f}",
            f"{row['plain_loop_ns_per_variant']:,.0f}",
            f"{row['cpu_over_plain_loop']:.1f}",
            *gpu,
        )
    return table


def _alone(alone: Mapping[str, Mapping[str, float]]) -> Table:
    table = _table("in a process of its own", "", "peak MiB", "before", "compile seconds", "first call, cached")
    for name, row in alone.items():
        table.add_row(
            LABELS[name],
            f"{row['peak_mib']:,.0f}",
            f"{row['with_the_grid_alone_mib']:,.0f}",
            f"{row['compile_seconds']:.1f}",
            f"{row['first_seconds']:.2f}",
        )
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=not number)
    return table
