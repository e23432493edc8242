"""How many executions of a search have tables that fit in memory."""

from __future__ import annotations

from collections.abc import Sequence

from gridproof.kernels.problem import Problem
from gridproof.results.axis_range import Value
from gridproof.sweeps.study.execution_keys import CHOSEN, REBALANCE, trades_at_open
from gridproof.sweeps.study.study import Study

LAG = "execution.lag"


class ExecutionSizes:
    """executing: the axes of the execution that a search chooses. problem: of one of its executions.

    charging: those of the axes on which the costs of switches depend; each setting of them has a cost table.
    """

    def __init__(self, study: Study, executing: Sequence[str], problem: Problem) -> None:
        free = {*CHOSEN, LAG} - {REBALANCE}
        if any(leg.selection is not None for leg in study.legs) and (study.mixed or trades_at_open(study.space)):
            free -= {LAG}
        else:
            free |= {study.space.owners[axis] for leg in study.legs for axis in leg.selecting}
        self.charging = [name for name in executing if name not in free]
        self._places = [executing.index(name) for name in self.charging]
        self._own, self._costs = int(problem.returns[0].nbytes), int(problem.costs[0].nbytes)

    def fitting(self, executions: Sequence[tuple[Value, ...]], size: int) -> int:
        """How many of the first executions have tables of so many bytes together; at least two.

        executions: each by its values of the axes that the search chooses.
        """
        known: set[tuple[Value, ...]] = set()
        for number, one in enumerate(executions):
            known.add(tuple(one[place] for place in self._places))
            if number > 1 and self.size(number + 1, len(known)) > size:
                return number
        return len(executions)

    def size(self, executions: int, charging: int) -> int:
        """The bytes of the tables of so many executions, with so many settings of the axes ``charging``."""
        return executions * self._own + charging * self._costs
