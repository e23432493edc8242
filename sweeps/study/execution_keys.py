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
from gridproof.sweeps.study.selection import CLOSE, OPENING
from gridproof.sweeps.study.space import Space
from gridproof.sweeps.study.spec import AMOUNT, LOW, OPEN, ExecutionSpec, StudySpec

AT, MIN_HOLD, STOP, TRAILING_STOP, STOP_ON, COOLING, REBALANCE, CAPITAL, MIN_COMMISSION = (
    f"execution.{key}"
    for key in (
        "at", "min_hold", "stop", "trailing_stop", "stop_on", "cooling", "rebalance", "capital", "min_commission",
    )
)  # fmt: skip
# Stops that watch the price of what is held, and those that watch the strategy's own NAV.
PRICE_STOPS = (STOP, TRAILING_STOP)
NAV_STOPS = NAV_STOP, DRAWDOWN_STOP = ("execution.nav_stop", "execution.drawdown_stop")
# How much is held, by the drawdown of that NAV.
CONTROL, CONTROL_STEPS = ("execution.drawdown_control", "execution.control_steps")
# Keys that a trader decides; all others are of the environment.
CHOSEN = (MIN_HOLD, *PRICE_STOPS, STOP_ON, *NAV_STOPS, COOLING, CONTROL, CONTROL_STEPS, REBALANCE)

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


def leg_columns(space: Space, legs: Sequence[Leg]) -> tuple[str, ...]:
    """The keys of further columns of legs that some variant needs, such as open."""
    needed = {
        OPEN: trades_at_open(space),
        LOW: has_value(space, STOP_ON, LOW),
        AMOUNT: any("impact" in leg.terms for leg in legs),
    }
    return tuple(key for key, used in needed.items() if used)


def watches_nav(space: Space) -> bool:
    """Whether some variant has a stop on the strategy's own NAV, or controls its drawdown: what it holds then depends
    on what it has earned and paid."""
    return any(name in space.owners and any(space.values_of(name)) for name in (*NAV_STOPS, CONTROL))


def check_execution(spec: StudySpec, legs: Sequence[Leg], space: Space, document: Document) -> None:
    """Check that signals and legs have what the keys of execution need. Raises InputError."""
    if decides(spec) and DECIDE not in space.names:
        rule, remedy = "execution.decide is for a study with signals", "Remove it"
        raise InputError(rule, "no signals", document.where(("execution", "decide")), remedy)
    if trades_at_open(space):
        for leg in legs:
            if leg.selection is None:
                _check_column(leg, OPEN, "execution at the open", document)
            elif OPENING not in leg.selection.panel.formulas.fields:
                rule = f"execution at the open needs the field {OPENING} of the panel, adjusted as {CLOSE} is"
                remedy = f"Add {OPENING}: and a formula of columns to panel.fields, or write at: close"
                raise InputError(rule, f"no {OPENING}", document.where(("panel",)), remedy)
    if REBALANCE in _given(spec) and not spec.sleeves and CONTROL not in _given(spec):
        rule = "execution.rebalance is for a study with sleeves or drawdown_control"
        remedy = "Write rebalance: in the mix, or remove it"
        raise InputError(rule, "neither", document.where(("execution", "rebalance")), remedy)
    if CONTROL_STEPS in _given(spec) and CONTROL not in _given(spec):
        rule, remedy = "control_steps are those of drawdown_control", "Remove it, or write drawdown_control:"
        raise InputError(rule, "no drawdown_control", document.where(("execution", "control_steps")), remedy)
    _check_stops(spec, legs, space, document)
    _check_capital(spec, legs, space, document)


def _check_stops(spec: StudySpec, legs: Sequence[Leg], space: Space, document: Document) -> None:
    given = _given(spec)
    for name, needed in ((STOP_ON, PRICE_STOPS), (COOLING, (*PRICE_STOPS, *NAV_STOPS))):
        if name in given and not any(one in given for one in needed):
            keys = " or ".join(f"{one.removeprefix('execution.')}:" for one in needed)
            rule, remedy = f"{name} is for a study with a stop", f"Remove it, or write {keys}"
            raise InputError(rule, "no stop", document.where(tuple(name.split("."))), remedy)
    named = [name for name in (*PRICE_STOPS, *NAV_STOPS) if name in given]
    stops = [name for name in named if any(space.values_of(name))]
    if not stops:
        return
    where = document.where(tuple(stops[0].split(".")))
    if not any(leg.cash for leg in legs):
        rule, remedy = "a stop needs a leg of cash, which is held after it", "Write cash: {interest: 0.0} under legs"
        raise InputError(rule, "no cash", where, remedy)
    if has_value(space, STOP_ON, LOW):
        for leg in legs:
            if leg.selection is not None:
                rule, remedy = "stocks that a leg selects have no low", "Write stop_on: close"
                raise InputError(rule, leg.name, document.where(("execution", "stop_on")), remedy)
            _check_column(leg, LOW, "a stop on the low", document)


def _check_capital(spec: StudySpec, legs: Sequence[Leg], space: Space, document: Document) -> None:
    given = _given(spec)
    sized: list[tuple[str, ...]] = [("legs", leg.name, "impact") for leg in legs if "impact" in leg.terms]
    sized += [("execution", "min_commission")] if MIN_COMMISSION in given else []
    if sized and CAPITAL not in given:
        rule, remedy = f"{sized[0][-1]} needs the capital that is traded", "Write capital: under execution"
        raise InputError(rule, "no capital", document.where(sized[0]), remedy)
    if CAPITAL in given and not sized:
        rule, remedy = "execution.capital is for impact and min_commission", "Remove it, or write impact: under a leg"
        raise InputError(rule, "neither", document.where(("execution", "capital")), remedy)
    if any(leg.selection is not None for leg in legs) and sized:
        rule, remedy = "costs of size are for legs of one series", "Remove it; select: has capital for its account"
        raise InputError(rule, "a leg with select:", document.where(sized[0]), remedy)
    if MIN_COMMISSION in given and 0.0 in space.values_of(CAPITAL):
        rule, remedy = "a minimum commission needs a capital above 0", "Raise it"
        raise InputError(rule, "capital: 0", document.where(("execution", "capital")), remedy)


def _check_column(leg: Leg, key: str, what: str, document: Document) -> None:
    if not leg.cash and key not in leg.columns:
        rule, remedy = f"{what} needs the column {key} of every leg", f"Write {{series: {leg.series}, {key}: COLUMN}}"
        raise InputError(rule, f"none of {leg.name}", document.where(("legs", leg.name)), remedy)


def _given(spec: StudySpec) -> list[str]:
    keys = [key for key in ExecutionSpec.model_fields if key in _ALWAYS or key in spec.execution.model_fields_set]
    return [f"execution.{key}" for key in keys]
