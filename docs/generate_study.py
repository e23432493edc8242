"""Writes the tables of keys in docs/study.md from the declarations: ``python -m docs.generate_study``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gridproof.sweeps.study.key_types import AXIS_SCHEMA
from gridproof.sweeps.study.limits import NO_LIMITS, AxisLimits, limits_of_key
from gridproof.sweeps.study.mix_spec import MixSpec, SleeveSpec
from gridproof.sweeps.study.panel_spec import SelectSpec, StudyPanelSpec
from gridproof.sweeps.study.series_spec import MarketSpec, SeriesSpec, ValueSpec
from gridproof.sweeps.study.spec import (
    ExecutionSpec,
    LatchSpec,
    LegSpec,
    SignalSpec,
    StudySpec,
    WindowSpec,
)

PAGE = Path(__file__).parent / "study.md"
BEGIN, END = "<!-- tables of python -m docs.generate_study -->\n", "<!-- end of the tables -->\n"
# Where each table of keys stands in a study.
TABLES: dict[str, type[BaseModel]] = {
    "A study": StudySpec,
    "`market`": MarketSpec,
    "A series, `series.NAME`": SeriesSpec,
    "`panel`": StudyPanelSpec,
    "A leg, `legs.NAME`": LegSpec,
    "A selection, `legs.NAME.select`": SelectSpec,
    "A mix, `mixes.NAME`": MixSpec,
    "A named expression, `values.NAME`": ValueSpec,
    "A signal, `signals.NAME`": SignalSpec,
    "A latch, `signals.NAME.latch`": LatchSpec,
    "A sleeve, `sleeves.NAME`": SleeveSpec,
    "`execution`": ExecutionSpec,
    "`window`": WindowSpec,
}
_TYPES = {"string": "text", "boolean": "true or false", "array": "a list", "object": "a mapping", "null": ""}


def study_page() -> str:
    """The page as it should be: its own text, with the tables of keys between two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"


def tables() -> str:
    """One table for each part of a study: every key with its values, its default and its meaning."""
    parts = []
    for title, spec in TABLES.items():
        shapes = spec.model_json_schema(by_alias=True)["properties"]
        rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
        for name, field in spec.model_fields.items():
            key = field.alias or name
            value = _value(shapes[key], limits_of_key(spec, name))
            cells = (f"`{key}`", value, _default(field), field.description or shapes[key].get("description", ""))
            rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        parts.append("\n".join([f"### {title}\n", *rows, ""]))
    return "\n".join(parts)


def _value(shape: dict[str, Any], limits: AxisLimits) -> str:
    """What a key may have: the types of its JSON schema, and its bounds."""
    if shape.get("oneOf") == AXIS_SCHEMA["oneOf"]:
        return _axis(limits)
    if "enum" in shape or "const" in shape:
        return " or ".join(f"`{one}`" for one in shape.get("enum", [shape.get("const")]))
    if "$ref" in shape:
        return "a mapping"
    choices = shape.get("anyOf") or shape.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(text for one in choices if (text := _value(one, limits))))
    kind = shape["type"]
    if kind in ("number", "integer"):
        return _bounded("a number", shape)
    return "a date" if shape.get("format") == "date" else _TYPES[kind]


def _axis(limits: AxisLimits) -> str:
    if limits.choices:
        return f"an axis of {' and '.join(f'`{one}`' for one in limits.choices)}"
    if limits is NO_LIMITS or limits.fits is not None:
        return "an axis"
    kind = "an axis of whole numbers" if limits.kind is int else "an axis of numbers"
    return _bounded(kind, {"minimum": limits.least, "exclusiveMaximum": limits.below})


def _bounded(text: str, shape: dict[str, Any]) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    bounds = [f"{word} {shape[key]:g}" for key, word in words.items() if shape.get(key) is not None]
    return ", ".join([text, *bounds])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if isinstance(default, tuple) and len(default) == 1:
        (default,) = default
    if default is None or default in ("", [], {}) or isinstance(default, BaseModel):
        return "none" if not isinstance(default, BaseModel) else "those below"
    return (
        f"{default:g}"
        if isinstance(default, float)
        else str(default).lower()
        if default in (True, False)
        else f"{default}"
    )


if __name__ == "__main__":
    PAGE.write_text(study_page(), encoding="utf-8")
    print(PAGE)
