"""The JSON schema of a study file: its keys from pydantic, the parameters of each measure from the catalogue."""

from __future__ import annotations

from typing import Any

from gridproof.signals.catalogue import MEASURES
from gridproof.sweeps.study.spec import AXIS_SCHEMA, StudySpec


def study_schema() -> dict[str, Any]:
    """Returns the JSON schema of a study file, draft 2020-12."""
    schema: dict[str, Any] = StudySpec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    series = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    alternatives = []
    for measure in MEASURES.values():
        properties: dict[str, Any] = {
            "measure": {"const": measure.name, "description": f"{measure.meaning}. {measure.source}"},
            "of": series,
        }
        properties["use"] = AXIS_SCHEMA | {"description": "on, off, or both: a signal that is off is false throughout"}
        if measure.latched:
            properties["latch"] = {"$ref": "#/$defs/LatchSpec"}
        for name, parameter in measure.parameters.items():
            properties[name] = AXIS_SCHEMA | {"description": parameter.meaning}
        required = [name for name, parameter in measure.parameters.items() if parameter.default is None]
        alternatives.append(
            {
                "type": "object",
                "properties": properties,
                "required": ["measure", "of", *required],
                "additionalProperties": False,
            }
        )
    schema["$defs"]["SignalSpec"] = {"oneOf": alternatives}
    return schema
