"""The JSON schema of a study file: its keys from pydantic, the operators of the language from their declarations."""

from __future__ import annotations

from typing import Any

from gridproof.signals.expression.operators import OPERATORS, OVER_STOCKS
from gridproof.signals.expression.operators.argument import REQUIRED
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.operators.description import summary
from gridproof.sweeps.study.key_types import AXIS_SCHEMA
from gridproof.sweeps.study.spec import StudySpec

PARAMETER = AXIS_SCHEMA | {"description": "a parameter that the expression names: one value, a list or a range"}
_EXPRESSION = {"$ref": "#/$defs/Expression"}


def study_schema() -> dict[str, Any]:
    """Returns the JSON schema of a study file, draft 2020-12. Editors complete the operators in expressions by it."""
    schema: dict[str, Any] = StudySpec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    definitions = schema["$defs"]
    definitions["Expression"] = expression_schema()
    for name in ("SignalSpec", "ValueSpec", "SelectSpec", "MixSpec"):
        definitions[name]["additionalProperties"] = PARAMETER
    for name in ("SignalSpec", "ValueSpec"):
        as_expression(definitions[name]["properties"], "value")
    signal, latch = definitions["SignalSpec"], definitions["LatchSpec"]
    signal["properties"]["when"] = {
        "description": signal["properties"]["when"]["description"],
        "oneOf": [_EXPRESSION, {"type": "object", "additionalProperties": _EXPRESSION, "minProperties": 1}],
    }
    signal["not"] = {"anyOf": [{"required": ["measure"]}, {"required": ["of"]}, {"required": ["value", "when"]}]}
    for key in ("on", "off"):
        as_expression(latch["properties"], key)
    schema["properties"]["values"]["additionalProperties"] = {
        "oneOf": [_EXPRESSION, {"$ref": "#/$defs/ValueSpec"}],
    }
    return schema


def expression_schema() -> dict[str, Any]:
    """The schema of an expression: a text, with the operators for editors."""
    operators = (*OPERATORS.operators.values(), *OVER_STOCKS.operators.values())
    return {
        "type": "string",
        "minLength": 1,
        "description": "a formula of series, values, parameters, numbers and operators",
        "defaultSnippets": [_snippet(one) for one in operators],
    }


def as_expression(properties: dict[str, Any], key: str) -> None:
    """Make a key of a part of a file an expression, which stands under Expression in the definitions."""
    properties[key] = {"description": properties[key]["description"], "allOf": [_EXPRESSION]}


def _snippet(one: Operator) -> dict[str, str]:
    """The completion of a call, in the form of VS Code: its arguments are places to fill, its text is shown beside it.

    ``defaultSnippets`` is no keyword of JSON schema; what only checks a file ignores it.
    """
    given = [argument.name for argument in one.arguments if argument.default == REQUIRED]
    places = ", ".join(f"${{{number}:{name}}}" for number, name in enumerate(given, 1))
    return {"label": one.signature, "description": summary(one), "body": f"{one.name}({places})"}
