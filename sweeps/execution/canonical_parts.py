"""Series, releases, formulas and mixes without the names of a study's file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridproof.results.axis_range import Value
from gridproof.signals.data.release import Release
from gridproof.sweeps.study.allocation import Mix
from gridproof.sweeps.study.models import model_text
from gridproof.sweeps.study.signal import MixChoice
from gridproof.sweeps.study.study import Leg, Signal, Study


@dataclass(frozen=True, slots=True)
class Parameter:
    """A reference to a parameter of the study, by its name there."""

    parameter: str


def canonical_series(study: Study, name: str) -> list[str | None]:
    """What a series is: file, code, field, column of dates, and how missing values are filled."""
    one = study.spec.series[name]
    if one.model is not None:
        return [model_text(study.spec, one.model), None, one.field, None, None]
    return [one.file, one.code, one.field, one.date, one.missing]


def canonical_release(value: Value) -> str:
    """The canonical text of a release: 1 and '1 day' are the same."""
    release = Release.parse(value, "release")
    if release.column is not None:
        return release.column
    return f"{release.trading_days} days" if release.calendar_days is None else f"{release.calendar_days} calendar days"


def canonical_formula(
    study: Study, signal: Signal, position: Mapping[str, int]
) -> tuple[list[str], list[Parameter | Value]]:
    """A signal's formulas without the names of series and parameters, and the scalars in them, numbered as they appear.

    A number in a formula and a parameter with that one value are the same.
    """
    scalars: list[Parameter | Value] = []
    numbers: dict[str, int] = {}
    graph = study.graph

    def text(at: int) -> str:
        node = graph.nodes[at] if at >= 0 else None
        if node is None:
            return "default"
        if node.kind == "series":
            return f"series.{position[node.name]}"
        if node.kind == "parameter":
            if node.name not in numbers:
                numbers[node.name] = len(scalars)
                scalars.append(Parameter(node.name))
            return f"${numbers[node.name]}"
        if node.kind in ("number", "text"):
            assert node.value is not None
            scalars.append(node.value)
            return f"${len(scalars) - 1}"
        own = graph.operator(node).mark if node.kind == "call" else ""
        return f"{node.kind}:{node.name}{own}({','.join(text(one) for one in node.operands)})"

    return [text(at) for at in signal.nodes], scalars


def canonical_mixes(
    study: Study, legs: Sequence[Leg], position: Mapping[str, int]
) -> list[tuple[Mix, list[Any], dict[str, Parameter | Value]]]:
    """The mixes in an order that does not depend on their names, what they are made of, and their parameters.

    A weight is a parameter, whether it has one value or several.
    """
    numbers = {leg.name: number for number, leg in enumerate(legs)}
    found = []
    for mix in study.mixes:
        parts: dict[int, Any] = dict.fromkeys((numbers[leg] for leg in mix.weights), "weight")
        parameters: dict[str, Parameter | Value] = {
            f"leg.{numbers[leg]}": Parameter(axis) for leg, axis in mix.weights.items()
        }
        if mix.rest is not None:
            parts[numbers[mix.rest]] = "rest"
        if mix.graded is not None:
            signal = next(one for one in study.signals if isinstance(one.form, MixChoice) and one.name == mix.name)
            formulas, scalars = canonical_formula(study, signal, position)
            for leg, formula in zip(mix.graded.legs, formulas, strict=True):
                parts[numbers[leg]] = [formula, mix.graded.missing]
            parameters |= {f"formula.{place}": scalar for place, scalar in enumerate(scalars)}
            bounds = {"step": mix.graded.step, "min": mix.graded.least, "max": mix.graded.most}
            parameters |= {name: Parameter(axis) for name, axis in bounds.items()}
        parameters["rebalance"] = Parameter(mix.rebalance)
        text = [[number, part] for number, part in sorted(parts.items())]
        found.append((mix, text, dict(sorted(parameters.items()))))
    return sorted(found, key=lambda one: (json.dumps(one[1]), one[0].name))
