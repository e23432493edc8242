"""The figures of kills and mutated inputs, as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def total(groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums over groups."""
    verdicts: Counter[str] = Counter()
    phases: Counter[str] = Counter()
    for group in groups:
        verdicts.update(group.get("verdicts", {}))
        phases.update(group.get("kills_by_phase", {}))
    return {
        "cases": sum(group["cases"] for group in groups),
        "kills": sum(count for phase, count in phases.items() if phase != "ended before"),
        "verdicts": dict(verdicts.most_common()),
        "kills_by_phase": dict(phases.most_common()),
        "faults": sum(len(group["faults"]) for group in groups) + sum("broken" in group for group in groups),
    }


def show(record: Mapping[str, Any]) -> None:
    console = Console()
    console.print(", ".join(f"{name} {value}" for name, value in record["hardware"].items()), highlight=False)
    table = Table("group", "cases", "seconds", "what came of them", "kills by phase", "also")
    for group in record["groups"]:
        parts = [group.get(key, {}) for key in ("verdicts", "kills_by_phase", "seen")]
        texts = ["\n".join(f"{count} {name}" for name, count in part.items()) for part in parts]
        table.add_row(group["group"], str(group["cases"]), str(group.get("seconds", group.get("broken"))), *texts)
    console.print(table)
    sums = record["total"]
    killed = f", {sums['kills']} kills or failures that hit" if sums["kills"] else ""
    console.print(f"{sums['cases']} cases{killed}, {sums['faults']} faults", highlight=False)
    for group in record["groups"]:
        for fault in group["faults"]:
            console.print(
                f"\n{fault['verdict']}: {fault['what']}\n  {fault['detail'][-600:]}", highlight=False, markup=False
            )
            repeat = f"--group '{fault['group']}' --case {fault['number']} --seed {record['seed']}"
            console.print(f"  repeat: python -m benchmarks.reliability {record['what']} {repeat}", markup=False)
            console.print(f"  kept in {fault['kept']}", markup=False)
