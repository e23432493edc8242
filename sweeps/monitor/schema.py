"""The JSON schema of a monitor file."""

from __future__ import annotations

from typing import Any

from gridproof.sweeps.monitor.spec import MonitorSpec
from gridproof.sweeps.study.schema import PARAMETER, as_expression, expression_schema


def monitor_schema() -> dict[str, Any]:
    """Returns the JSON schema of a monitor file, draft 2020-12. Editors complete the operators in expressions by it."""
    schema: dict[str, Any] = MonitorSpec.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    definitions = schema["$defs"]
    definitions["Expression"] = expression_schema()
    for name in ("ReadingSpec", "ValueSpec"):
        definitions[name]["additionalProperties"] = PARAMETER
    for name, keys in (("ReadingSpec", ("value", "when")), ("ValueSpec", ("value",)), ("BoardColumnSpec", ("value",))):
        for key in keys:
            as_expression(definitions[name]["properties"], key)
    for key in ("on", "off"):
        as_expression(definitions["LatchSpec"]["properties"], key)
    schema["properties"]["values"]["additionalProperties"] = {
        "oneOf": [{"$ref": "#/$defs/Expression"}, {"$ref": "#/$defs/ValueSpec"}],
    }
    return schema
