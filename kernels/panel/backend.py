"""Backends of a panel by name; none is ever substituted silently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.account import Account, Dividends, Fees, Lots
from gridproof.kernels.panel.information import Information
from gridproof.kernels.panel.ranking import Columns, Ranking
from gridproof.kernels.panel.regression import Regression
from gridproof.kernels.panel.selection import SelectionProblem, Selections

if TYPE_CHECKING:
    from gridproof.kernels.cuda.device import Device

PANEL_BACKENDS = ("cpu", "cuda", "reference")


class Simulation(Protocol):
    """``simulate_account`` of a backend."""

    def __call__(
        self,
        problem: SelectionProblem,
        schedule: int,
        basket: int,
        fees: Fees = ...,
        lots: Lots | None = ...,
        dividends: Dividends | None = ...,
    ) -> Account: ...


@dataclass(frozen=True, slots=True)
class PanelBackend:
    """One way to compute all that is asked of a panel; each function is documented in ``panel.reference``."""

    name: str
    rank_days: Callable[[Floats], Ranking]
    average_ranks: Callable[[Floats], Floats]
    select: Callable[[SelectionProblem], Selections]
    simulate_account: Simulation
    rank_ic: Callable[[Floats, Floats, Ints, int], Information]
    regress: Callable[[Floats, Floats, Columns, int, Floats], Regression]


def resolve_panel(name: str) -> PanelBackend:
    """The backend of this name, imported when it is resolved.

    Raises InputError for an unknown name, and for cuda where no GPU answers.
    """
    if name == "cpu":
        from gridproof.kernels.panel.cpu import account, information, ranking, regression, selection

        return PanelBackend(
            name, ranking.rank_days, ranking.average_ranks, selection.select, account.simulate_account,
            information.rank_ic, regression.regress,
        )  # fmt: skip
    if name == "reference":
        from gridproof.kernels.panel.reference import account as accounts
        from gridproof.kernels.panel.reference import information as means
        from gridproof.kernels.panel.reference import ranking as ranks
        from gridproof.kernels.panel.reference import regression as squares
        from gridproof.kernels.panel.reference import selection as baskets

        return PanelBackend(
            name, ranks.rank_days, ranks.average_ranks, baskets.select, accounts.simulate_account, means.rank_ic,
            squares.regress,
        )  # fmt: skip
    if name == "cuda":
        from gridproof.kernels.cuda.availability import open_gpu

        return panel_on(open_gpu())
    rule = "the backend of a panel must be one that can run here"
    raise InputError(rule, name, "backend", f"Use one of {', '.join(PANEL_BACKENDS)}")


def panel_on(device: Device) -> PanelBackend:
    """The backend on a device. Accounts are simulated on the CPU: each day follows from the one before."""
    from gridproof.kernels.panel.cpu.account import simulate_account
    from gridproof.kernels.panel.cuda import information, ranking, regression, selection

    return PanelBackend(
        "cuda", partial(ranking.rank_days, device), partial(ranking.average_ranks, device),
        partial(selection.select, device), simulate_account, partial(information.rank_ic, device),
        partial(regression.regress, device),
    )  # fmt: skip
