"""The JSON schema of a study file: its keys from pydantic, the operators of the language from their declarations."""

from __future__ import annotations

from typing import Any

from gridproof.signals.expression.operators import OPERATORS
from gridproof.sweeps.study.spec import AXIS_SCHEMA, StudySpec

_PARAMETER = AXIS_SCHEMA | {"description": "a parameter that the expression names: one value, a list or a range"}


def study_schema() -> dict[str, Any]:
    """Returns the JSON schema of a study file, draft 2020-12. Editors complete the operators in expressions by it."""
    schema: dict[str, Any] = StudySpec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    calls = [one.signature for one in OPERATORS.operators.values()]
    expression = {"type": "string", "minLength": 1, "examples": calls}
    definitions = schema["$defs"]
    for name in ("SignalSpec", "ValueSpec"):
        definitions[name]["additionalProperties"] = _PARAMETER
        definitions[name]["properties"]["value"] = expression | {
            "description": definitions[name]["properties"]["value"].get("description", "")
        }
    signal = definitions["SignalSpec"]
    signal["properties"]["when"] = {
        "description": signal["properties"]["when"]["description"],
        "oneOf": [expression, {"type": "object", "additionalProperties": expression, "minProperties": 1}],
    }
    signal["not"] = {"anyOf": [{"required": ["measure"]}, {"required": ["of"]}, {"required": ["value", "when"]}]}
    for key in ("on", "off"):
        definitions["LatchSpec"]["properties"][key] |= {"examples": calls}
    return schema
