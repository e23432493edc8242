"""The keys of execution: the axes that a study always has, and those that it has where the key is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.decide import DECIDE
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.leg import Leg
from gridproof.sweeps.study.limits import limits_of_key
from gridproof.sweeps.study.space import Space
from gridproof.sweeps.study.spec import OPEN, ExecutionSpec, StudySpec

AT = "execution.at"

# Always axes; the others are axes where a study gives them, so that older studies keep their axes.
_ALWAYS = ("lag", "cost")


def execution_axes(spec: StudySpec) -> tuple[str, ...]:
    """The names of the axes of execution that a study has, without that of the decision days, which is of signals."""
    return tuple(name for name in _given(spec) if name != DECIDE)


def defaults(spec: StudySpec) -> Mapping[str, Value]:
    """The values of the keys of execution that a study does not give, by the names that they would have as axes."""
    given = _given(spec)
    return {
        name: getattr(spec.execution, key)[0]
        for key in ExecutionSpec.model_fields
        if (name := f"execution.{key}") not in given
    }


def decides(spec: StudySpec) -> bool:
    """Whether the study gives decision days."""
    return DECIDE in _given(spec)


def add_execution(spec: StudySpec, table: AxisTable) -> None:
    """Add the axes of execution that the study gives, and note the places of all. Raises InputError."""
    given = _given(spec)
    for key in ExecutionSpec.model_fields:
        name, path = f"execution.{key}", ("execution", key)
        if name in given:
            table.add(name, path, getattr(spec.execution, key), limits_of_key(ExecutionSpec, key))
        table.place(name, path)


def has_value(space: Space, name: str, value: Value) -> bool:
    """Whether some variant has this value of a key of execution."""
    return name in space.owners and value in space.values_of(name)


def trades_at_open(space: Space) -> bool:
    """Whether some variant trades at the open."""
    return has_value(space, AT, OPEN)


def check_execution(spec: StudySpec, legs: Sequence[Leg], space: Space, document: Document) -> None:
    """Check that signals and legs have what the keys of execution need. Raises InputError."""
    if decides(spec) and DECIDE not in space.names:
        rule, remedy = "execution.decide is for a study with signals", "Remove it"
        raise InputError(rule, "no signals", document.where(("execution", "decide")), remedy)
    if trades_at_open(space):
        for leg in legs:
            if leg.selection is not None:
                rule, remedy = "stocks that a leg selects are traded at the close", "Write at: close"
                raise InputError(rule, f"at: open with {leg.name}", document.where(("execution", "at")), remedy)
            _check_column(leg, OPEN, "execution at the open", document)


def _check_column(leg: Leg, key: str, what: str, document: Document) -> None:
    if not leg.cash and key not in leg.columns:
        rule, remedy = f"{what} needs the column {key} of every leg", f"Write {{series: {leg.series}, {key}: COLUMN}}"
        raise InputError(rule, f"none of {leg.name}", document.where(("legs", leg.name)), remedy)


def _given(spec: StudySpec) -> list[str]:
    keys = [key for key in ExecutionSpec.model_fields if key in _ALWAYS or key in spec.execution.model_fields_set]
    return [f"execution.{key}" for key in keys]
