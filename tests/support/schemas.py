"""Records against JSON schemas, each of which is checked once: that takes ten times as long as a record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema


def validate(record: object, schema: Mapping[str, Any]) -> None:
    """Raises jsonschema.ValidationError where a record does not keep to a schema, SchemaError where that is none."""
    fault = jsonschema.exceptions.best_match(_validator(json.dumps(schema)).iter_errors(record))
    if fault is not None:
        raise fault


@cache
def _validator(schema: str) -> Any:
    read = json.loads(schema)
    kind = jsonschema.validators.validator_for(read)
    kind.check_schema(read)
    return kind(read)
