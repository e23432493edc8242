"""What pydantic found wrong in a study file, as one line with its place and remedy."""

from __future__ import annotations

import difflib

from pydantic import BaseModel, ValidationError

from gridproof.kernels.errors import InputError
from gridproof.sweeps.document import Document
from gridproof.sweeps.spec import ExecutionSpec, LatchSpec, LegSpec, MarketSpec, SeriesSpec, StudySpec, WindowSpec

_BY_KEY: dict[str, type[BaseModel]] = {
    "market": MarketSpec,
    "series": SeriesSpec,
    "legs": LegSpec,
    "signals": LatchSpec,
    "execution": ExecutionSpec,
    "window": WindowSpec,
}


def first_fault(error: ValidationError, document: Document) -> InputError:
    """The first fault of a study file. A union's member names are no part of the place."""
    fault = error.errors(include_url=False)[0]
    path = [str(key) for key in fault["loc"] if key not in ("LegSpec", "str", "list[str]")]
    where = document.where(path)
    if fault["type"] == "extra_forbidden":
        spec = StudySpec if len(path) == 1 else _BY_KEY[path[0]]
        known = [field.alias or name for name, field in spec.model_fields.items()]
        near = difflib.get_close_matches(path[-1], known, 1)
        remedy = f"Did you mean {near[0]}" if near else f"Known here: {', '.join(known)}"
        return InputError("a key must be one of those known here", path[-1], where, remedy)
    if fault["type"] == "missing":
        return InputError("a required key must be there", "nothing", where, f"Add {path[-1]}:")
    return one_line(fault["msg"].removeprefix("Value error, "), fault["input"], where)


def one_line(message: str, value: object, where: str) -> InputError:
    """A message 'rule; remedy' as one error."""
    rule, _, remedy = message.partition("; ")
    remedy = remedy.rstrip(".") or "correct it"
    return InputError(rule, value, where, remedy[0].upper() + remedy[1:])
