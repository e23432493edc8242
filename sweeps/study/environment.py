"""The environment of a study: the axes that the market imposes; all others are choices."""

from __future__ import annotations

from collections.abc import Sequence

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.execution_keys import CHOSEN
from gridproof.sweeps.study.leg import Leg
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.space import Space
from gridproof.sweeps.study.spec import StudySpec


def find_environment(
    spec: StudySpec,
    signals: Sequence[Signal],
    legs: Sequence[Leg],
    weights: Sequence[str],
    space: Space,
    table: AxisTable,
    document: Document,
) -> tuple[str, ...]:
    """The axes of releases and of the execution, except what is selected, weights and shares, minimum holding and
    stops, and what the study names as choices.

    ``weights``: the axes of mixes and of sleeves. Raises InputError.
    """
    imposed = {axis.name for axis in space.axes[len(space.axes) - space.executing :]}
    imposed -= {space.owners[axis] for leg in legs for axis in leg.selecting}
    imposed -= {space.owners[axis] for axis in weights if axis in space.owners}
    imposed -= {space.owners[axis] for axis in CHOSEN if axis in space.owners}
    imposed |= {space.owners[name] for signal in signals for name in signal.releases if name}
    chosen: set[str] = set()
    for number, given in enumerate(spec.choices):
        where = document.where(("choices", str(number)))
        name = table.find(given, space.axes, "choices", where)
        if name not in imposed:
            kinds = "lag, at, cost, capital, carry, interest, release or trading"
            rule = f"choices names axes of {kinds}; all other axes are choices anyway"
            raise InputError(rule, given, where, "Remove it")
        if name in chosen:
            raise InputError("choices names an axis once", given, where, "Remove one")
        chosen.add(name)
    return tuple(name for name in space.names if name in imposed - chosen)
