"""The schema and the page name the keys and operators that are declared, and no others."""

from __future__ import annotations

import re

import jsonschema
import pytest

from docs.generate_study import PAGE, TABLES, study_page
from gridproof.signals.expression.operators import OPERATORS, OVER_STOCKS
from gridproof.sweeps.study.document import parse_value
from gridproof.sweeps.study.panel_spec import SelectSpec
from gridproof.sweeps.study.schema import study_schema
from gridproof.sweeps.study.series_spec import ValueSpec
from gridproof.sweeps.study.spec import LatchSpec, LegSpec, StudySpec, part_of
from tests.support.schemas import validate
from tests.support.tiny import tiny_study


def test_the_tables_of_the_page_are_generated_from_the_declarations() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == study_page(), "run python -m docs.generate_study"
    for spec in TABLES.values():
        for name, field in spec.model_fields.items():
            assert f"| `{field.alias or name}` |" in page
            assert field.description or name == "name", f"{spec.__name__}.{name} has no meaning"


def test_the_text_of_the_page_names_keys_that_exist() -> None:
    keys = PAGE.read_text(encoding="utf-8").split("## Keys")[1].split("### A ready series")[0]
    named = set(re.findall(r"^\*\*(\w+)\*\*", keys, re.MULTILINE)) | set(re.findall(r"\. \*\*(\w+)\*\*", keys))
    assert named <= set(StudySpec.model_fields)
    assert set(StudySpec.model_fields) - named <= {"name", "notes", "rules", "base", "title", "risk_free"}
    for key in set(StudySpec.model_fields) - named - {"name"}:
        assert f"**{key}**" in keys


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ((), StudySpec),
        (("legs", "select"), LegSpec),  # a leg of this name
        (("legs", "select", "select"), SelectSpec),
        (("signals", "latch", "latch"), LatchSpec),
        (("values", "value"), ValueSpec),
    ],
)
def test_the_part_of_a_study_under_keys_is_that_of_its_declaration(path: tuple[str, ...], part: type) -> None:
    assert part_of(path) is part


def snippets(schema: dict[str, object]) -> list[dict[str, str]]:
    return schema["$defs"]["Expression"]["defaultSnippets"]  # type: ignore[index,no-any-return]


def test_an_editor_completes_every_operator_with_its_text() -> None:
    found = snippets(study_schema())
    every = [*OPERATORS.operators.values(), *OVER_STOCKS.operators.values()]
    assert [one["label"] for one in found] == [one.signature for one in every]
    percentile = next(one for one in found if one["label"].startswith("percentile("))
    assert percentile["body"] == "percentile(${1:x}, ${2:n})"
    assert percentile["description"].startswith("The share of the last n values")
    assert all(len(one["description"]) > 3 for one in found)


@pytest.mark.parametrize(
    "path",
    [
        ("$defs", "SignalSpec", "properties", "value"),
        ("$defs", "SignalSpec", "properties", "when"),
        ("$defs", "ValueSpec", "properties", "value"),
        ("$defs", "LatchSpec", "properties", "on"),
        ("$defs", "LatchSpec", "properties", "off"),
        ("properties", "values", "additionalProperties"),
    ],
)
def test_every_expression_is_completed(path: tuple[str, ...]) -> None:
    place = study_schema()
    for key in path:
        place = place[key]
    assert "#/$defs/Expression" in str(place)


def test_the_schema_accepts_what_the_study_accepts() -> None:
    schema = study_schema()
    raw = parse_value(tiny_study().to_yaml())
    good = [
        {"values": {"r": "px / y", "t": {"value": "mean(px, n)", "n": [5, 10]}}},
        {"signals": {"up": {"latch": {"on": "px > y", "off": "px < y"}}}},
        {"signals": {"up": {"when": {"a": "px > y", "b": "px < y"}}}},
        {"operators": "own.py"},
    ]
    for one in good:
        validate(raw | one, schema)
    for bad in (
        {"operators": 3},
        {"values": {"r": ""}},
        {"signals": {"up": {"value": 3, "when": "x"}}},
        {"operator": "x"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validate(raw | bad, schema)
