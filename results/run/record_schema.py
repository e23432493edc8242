"""JSON schemas of the records in a run's folder, from the types that the code writes them by."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from gridproof.kernels.errors import InputError
from gridproof.results.run.statistics_record import StatisticsRecord
from gridproof.results.run.summary_record import RunSummary, RunTiming

# Each record of a run's folder by the name of its file.
RECORDS: dict[str, Any] = {"summary": RunSummary, "timing": RunTiming, "statistics": StatisticsRecord}


def record_schema(name: str) -> dict[str, Any]:
    """The JSON schema of ``NAME.json`` in a run's folder. Raises InputError where there is no such record.

    Every key that is written is named there; undefined numbers are null.

    >>> sorted(record_schema("timing")["required"])[0]
    'hardware'
    """
    if name not in RECORDS:
        rule, remedy = "the record must be one that has a schema", f"Use one of {', '.join(RECORDS)}"
        raise InputError(rule, name, "record_schema", remedy)
    adapter: TypeAdapter[Any] = TypeAdapter(RECORDS[name])
    schema = adapter.json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return schema
