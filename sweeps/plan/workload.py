"""Limits of the work of a run: what cannot end or does not fit in memory is refused before it begins."""

from __future__ import annotations

from math import prod

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.execution_keys import watches_nav
from gridproof.sweeps.study.held import drifts
from gridproof.sweeps.study.study import Study

# Variants a second that one machine and one cluster hardly exceed.
MACHINE_RATE, CLUSTER_RATE = 10_000_000, 10_000_000_000
# The longest run that is begun, in seconds.
_LONGEST = 365 * 86_400
# Combinations of the axes of one signal, a number of 4 bytes each; and of the execution's axes, a record each.
MAX_COMBINATIONS = 200_000_000
MAX_EXECUTIONS = 1_000_000
# Numbers of 8 bytes in a sample, in the cost tables, and in the payoff tables.
MAX_SAMPLE = 200_000_000
MAX_COST_VALUES = 250_000_000
MAX_PAYOFF_VALUES = 125_000_000


def check_duration(study: Study, variants: int, cluster: bool) -> None:
    """Raises InputError if so many variants take more than a year at a rate that is hardly exceeded."""
    rate = CLUSTER_RATE if cluster else MACHINE_RATE
    if variants <= rate * _LONGEST:
        return
    years = variants / rate / _LONGEST
    raise InputError(
        "a run must be able to end within a year",
        f"{variants:.3g} variants, {years:,.1f} years at {rate:,} variants a second",
        study.document.name,
        "Draw some with --sample 100000, take coarser steps, search it with `gridproof search`"
        + ("" if cluster else ", or use a cluster with --ray"),
    )


def daily_kernel_notice(study: Study, variants: int | None = None) -> str | None:
    """What a user is told where some variants cannot go from switch to switch; None where all can. The ratios are those
    of ``benchmarks.restrictions``."""
    if not watches_nav(study.space):
        return None
    which = "variants" if variants is None else f"{variants:,} variants"
    return (
        f"positions depend on the strategy's own NAV: {which} are evaluated day by day, by the daily kernel, in 2 to 6 "
        "times the time of a list where they do not"
    )


def daily_kernel_notices(study: Study, variants: int | None = None) -> list[str]:
    """As ``daily_kernel_notice``, for each reason."""
    found = [notice] if (notice := daily_kernel_notice(study, variants)) else []
    if drifts(study):
        which = "variants" if variants is None else f"{variants:,} variants"
        found.append(
            f"weights drift from the day of entry: {which} are evaluated day by day, by the daily kernel, in 4 to 17 "
            "times the time of a list where they do not"
        )
    return found


def check_memory(study: Study) -> None:
    """Raises InputError if a signal or the execution has too many combinations of its axes to tabulate them."""
    space = study.space
    for signal in study.signals:
        count = prod(space.dims[axis] for axis in space.uses[signal.name])
        if count > MAX_COMBINATIONS:
            raise InputError(
                f"the axes of a signal must have at most {MAX_COMBINATIONS:,} combinations",
                f"{count:,} of {signal.name}",
                study.where(*signal.place),
                "Take coarser steps, or search it with `gridproof search`",
            )
    count = prod(space.dims[len(space.dims) - space.executing :])
    if count > MAX_EXECUTIONS:
        raise InputError(
            f"the axes of lag, cost, carry and interest must have at most {MAX_EXECUTIONS:,} combinations",
            f"{count:,}",
            study.where("execution"),
            "Take coarser steps",
        )
