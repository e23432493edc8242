"""A study: one checked experiment with its signals, legs, rule and space of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import ValidationError

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.signals.data.release import Release
from gridproof.signals.data.source import Source
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.language import Language
from gridproof.signals.expression.user_operators.file import OperatorFile
from gridproof.sweeps.study.allocation import Allocation, Mix
from gridproof.sweeps.study.alternatives import build_rule, mix_choices, rule_targets
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.decide import DECIDE
from gridproof.sweeps.study.document import Document, read_document
from gridproof.sweeps.study.drawdown_control import ControlledParts, build_parts
from gridproof.sweeps.study.environment import find_environment
from gridproof.sweeps.study.execution_keys import (
    CONTROL,
    CONTROL_STEPS,
    add_execution,
    check_execution,
    decides,
    defaults,
    execution_axes,
    leg_columns,
)
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.leg import Leg, build_legs
from gridproof.sweeps.study.mixes import allocate, read_mixes
from gridproof.sweeps.study.models import check_models
from gridproof.sweeps.study.named_file import find_document
from gridproof.sweeps.study.overrides import SETTINGS, Changeable, parse_changes
from gridproof.sweeps.study.own_operators import open_operators, refuse_operators
from gridproof.sweeps.study.rule import Rule
from gridproof.sweeps.study.selection import StudyPanel, build_panel
from gridproof.sweeps.study.shipped import SHIPPED
from gridproof.sweeps.study.signal import RULE, Signal, build_signal, check_signal, shares_signal
from gridproof.sweeps.study.signal_set import series_sources
from gridproof.sweeps.study.sleeves import SleeveRule, build_sleeves
from gridproof.sweeps.study.space import Space
from gridproof.sweeps.study.spec import StudySpec
from gridproof.sweeps.study.study_checks import check_names, check_parameters, check_used
from gridproof.sweeps.study.validation_errors import first_fault

__all__ = ["Leg", "Signal", "Study", "build_study", "load_recorded_study", "load_study", "parse_changes"]


@dataclass(frozen=True)
class Study:
    """A checked study. Returned by ``gridproof.load_study``; ``set`` returns a changed copy, checked again.

    Attributes
    ----------
    spec
        The keys of the file as they were read.
    space
        The axes in grid order with their values, and ``size``, the number of variants.
    legs, mixes, allocations
        What can be held: L legs, their mixes, and the A allocations among which the rule chooses, each leg alone first.
    environment
        The axes that the market imposes, such as lag and cost; all others are choices.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> study.name, study.space.size
    ('us-demo', 217728)
    >>> study.set({"trend.window": {"from": 60, "to": 240, "step": 60}, "cost": 0.001}).space.size
    13824
    """

    document: Document
    spec: StudySpec
    signals: tuple[Signal, ...]
    graph: Graph  # of the signals' expressions
    legs: tuple[Leg, ...]
    mixes: tuple[Mix, ...]
    allocations: tuple[Allocation, ...]  # what the rule chooses among: each leg alone, then those of the mixes
    rule: Rule
    space: Space
    environment: tuple[str, ...]  # the axes that the market imposes, in grid order; all others are choices
    places: Mapping[str, tuple[str, ...]]  # for every name that ``set`` accepts its keys in the file
    operators: OperatorFile | None = None  # the user's own
    value_names: Mapping[int, str] = field(default_factory=dict)  # of the nodes of named values
    panel: StudyPanel | None = None
    sleeves: SleeveRule | None = None
    parts: ControlledParts | None = None  # None where no variant controls its drawdown

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def base(self) -> dict[str, Value]:
        """The base: for each axis its value, usually the published one."""
        return self.space.parameters(self.space.base_index)

    @property
    def weights(self) -> Floats:
        """(A, L) the weight of each leg in each allocation."""
        return np.array([one.weights for one in self.allocations])

    @property
    def mixed(self) -> bool:
        """Whether some allocation is not one leg alone."""
        return len(self.allocations) > len(self.legs)

    def numbers(self, parameters: Mapping[str, Value]) -> dict[str, int]:
        """The allocations that a variant may hold, by name their numbers. ``parameters``: the value of each axis."""
        owners = self.space.owners
        found = {leg.name: place for place, leg in enumerate(self.legs)}
        for mix in self.mixes:
            own = mix.numbers[tuple(parameters[owners[axis]] for axis in mix.axes)]
            found |= {mix.allocations[number].name: mix.first + number for number in own[own >= 0].tolist()}
        if self.sleeves is not None:
            together = self.sleeves.together[self.sleeves.shares.number(parameters, owners)]
            found |= {self.allocations[number].name: number for number in together}
        if self.parts is not None and parameters[owners[CONTROL]]:
            unset = defaults(self.spec)
            steps = unset[CONTROL_STEPS] if CONTROL_STEPS in unset else parameters[owners[CONTROL_STEPS]]
            held = self.parts.held[int(steps)][list(found.values())]
            found |= {self.allocations[number].name: number for number in held.ravel().tolist()}
        return found

    @property
    def longest_lag(self) -> int:
        """The largest lag of the grid, in trading days."""
        return max(int(value) for value in self.space.values_of("execution.lag"))

    @property
    def selected_series(self) -> dict[str, Release]:
        """The series that the selections of legs use, and when each is known."""
        return {
            name: one for leg in self.legs if leg.selection is not None for name, one in leg.selection.releases.items()
        }

    def rule_lines(self) -> list[str]:
        """Returns the rule of the base as in the file, one text for each line."""
        if self.sleeves is not None:
            shares = self.sleeves.shares_of(self.base, self.space.owners)
            return [
                f"{name} ({shares[name]:.4g}) {leg}: {text}"
                for name, one in self.spec.sleeves.items()
                for leg, text in one.rule.items()
            ]
        rule = self.spec.rule if self.spec.rules is None else self.spec.rules[str(self.base[RULE])]
        assert isinstance(rule, dict)
        return [f"{leg}: {text}" for leg, text in rule.items()]

    def sources(self) -> list[Source]:
        """Returns the series to read, for ``signals.data.market.load_market``."""
        found = series_sources(self.spec.series, self.document)
        named = {one.name: one for one in found}
        for leg in self.legs:
            for key in leg_columns(self.space, self.legs):
                if leg.series is not None and key in leg.columns:
                    where = self.where("legs", leg.name, key)
                    name, column = leg.column_series(key), leg.columns[key]
                    found.append(replace(named[leg.series], name=name, field=column, where=where))
        return found

    def where(self, *path: str) -> str:
        return self.document.where(path)

    @property
    def _changeable(self) -> Changeable:
        return Changeable(self.document, self.space, self.places)

    def resolve(self, name: str) -> str:
        """Returns the full name of an axis or setting from a unique ending of it, such as lag. Raises InputError."""
        return self._changeable.full_name(name)

    def set(self, changes: Mapping[str, Any]) -> Study:
        """Returns a copy with other values on some axes (one value, a list or a range each) or settings.

        An axis set to a single value has its base there. Raises InputError if the result is not a valid study.
        """
        return build_study(self._changeable.changed(changes), self.operators)

    def at(self, point: Mapping[str, Any]) -> Study:
        """Returns the study of one variant: each axis at its base or a given value, on the grid or not.

        Raises InputError if a name is unknown or a value is a list or a range.
        """
        return self.set({**self.base, **self._changeable.values(point)})

    @property
    def identity(self) -> str:
        """What the study contributes to the identity of a run: its file, and the digest of its own operators."""
        return self.to_yaml() if self.operators is None else f"{self.to_yaml()}\n{self.operators.digest}"

    def to_yaml(self) -> str:
        return yaml.safe_dump(self.document.raw, sort_keys=False, allow_unicode=True, width=110)


def load_study(source: str | Path | Mapping[str, Any]) -> Study:
    """Read and check a study.

    Parameters
    ----------
    source
        A study file, the name of a shipped study, or a mapping with the keys of a study file.

    Returns
    -------
    Study
        The checked study. ``Study.set`` returns a changed copy.

    Raises
    ------
    InputError
        The file cannot be read, a key or value is wrong, or an operator of the study's own looks ahead: the message
        says where, the rule and the remedy.

    Examples
    --------
    >>> import gridproof as gp
    >>> study = gp.load_study("us-demo")
    >>> study.name
    'us-demo'
    >>> study.base["execution.lag"]
    1
    >>> smaller = study.set({"trend.window": [60, 240], "lag": 2})
    >>> smaller.base["execution.lag"]
    2
    >>> gp.load_study({"name": "empty"})
    Traceback (most recent call last):
        ...
    gridproof.kernels.errors.InputError: ...
    """
    return build_study(find_document(source, SHIPPED, "study", "STUDY"))


def load_recorded_study(path: Path, operators: OperatorFile | None = None) -> Study:
    """Read the study in a run's folder, which others may have written: it executes nothing.

    ``operators``: those of the user's own study, where the run belongs to it. Raises InputError as ``load_study``, and
    where the study has operators of its own and none are given.
    """
    document = read_document(path)
    refuse_operators(document, operators)
    return build_study(document, operators)


def build_study(document: Document, operators: OperatorFile | None = None) -> Study:
    """Check a parsed study file and build the study. Raises InputError if it is invalid.

    ``operators``: the study's own, already checked; None: read and check them from the file that the study names.
    """
    try:
        spec = StudySpec.model_validate(document.raw)
    except ValidationError as error:
        raise first_fault(error, document, StudySpec) from None
    check_models(spec, document)
    if not spec.legs:
        where, remedy = document.where(("legs",)), "Write `leg: series` lines under legs"
        raise InputError("a study needs legs", "none", where, remedy)
    table = AxisTable(document)
    if operators is None:
        operators = open_operators(spec.operators, document)
    expressions = StudyExpressions(spec, table, document, Language(operators))
    signals = tuple(build_signal(name, one, spec, table, document, expressions) for name, one in spec.signals.items())
    expressions.check_values()
    panel = build_panel(spec, expressions, document)
    legs = build_legs(spec, panel, expressions, table, document)
    mixes = read_mixes(spec, legs, expressions, table, document)
    add_execution(spec, table)
    if decides(spec):
        signals = tuple(replace(one, decide=DECIDE) for one in signals)
    allocations, mixes = allocate(mixes, legs, table, document)
    targets, together = rule_targets(legs, mixes), None
    if spec.sleeves:
        together = build_sleeves(spec, signals, legs, targets, allocations, table, document)
        rule, allocations = together.rule, together.allocations
        choice: tuple[Signal, ...] = (shares_signal(together.shares),) if together.shares.bits else ()
    else:
        rule, choice = build_rule(spec, signals, targets, table, document)
    parts = build_parts(spec, legs, allocations, table, document)
    allocations = allocations if parts is None else parts.allocations
    for signal in signals:
        check_used(signal, rule, document)
        check_signal(signal, table)
    chosen = mix_choices(mixes, rule, spec, table, expressions, document)
    signals = (*choice, *chosen, *signals)
    check_names(spec, signals, document)
    check_parameters(signals, legs, table)
    executing = [*execution_axes(spec), *(axis for leg in legs for axis in leg.terms.values())]
    executing += [axis for mix in mixes if not mix.chosen for axis in mix.axes]
    weights = [axis for mix in mixes for axis in mix.axes]
    if together is not None:
        executing += () if together.shares.bits else together.shares.axes
        weights += together.shares.axes
    space = table.space({signal.name: signal.axes for signal in signals}, executing, spec.base)
    places = {**table.places, **{name: tuple(name.split(".")) for name in SETTINGS}}
    check_execution(spec, legs, space, document)
    environment = find_environment(spec, signals, legs, weights, space, table, document)
    names = expressions.names
    return Study(
        document, spec, signals, expressions.graph, legs, mixes, allocations, rule, space, environment, places,
        operators, names, panel, together, parts,
    )  # fmt: skip
