"""The types of the values that the keys of a study have, for pydantic: an axis, a date, a name, an expression."""

from __future__ import annotations

import datetime
import keyword
import re
import unicodedata
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    PlainSerializer,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import AxisValues, Value
from gridproof.sweeps.study.rule import HOLD, OTHERWISE
from gridproof.sweeps.study.values import SameAs, check_value, parse_axis

_SCALAR: dict[str, Any] = {"type": ["number", "string"]}
_NUMBERS = {"from": {"type": "number"}, "to": {"type": "number"}}
_SEARCH = {"search": {"enum": ["continuous", "integer"], "description": "numbers a search may choose between the ends"}}
AXIS_SCHEMA: dict[str, Any] = {
    "description": "one value, a list of values, a range, or the axis that this one is tied to",
    "oneOf": [
        _SCALAR,
        {"type": "array", "items": _SCALAR, "minItems": 1, "uniqueItems": True},
        {
            "type": "object",
            "properties": {**_NUMBERS, "step": {"type": "number", "exclusiveMinimum": 0}, **_SEARCH},
            "required": ["from", "to", "step"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                **_NUMBERS,
                "count": {"type": "integer", "minimum": 2},
                "scale": {"enum": ["log"], "description": "evenly spaced ratios instead of differences"},
                **_SEARCH,
            },
            "required": ["from", "to", "count"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"same_as": {"type": "string"}},
            "required": ["same_as"],
            "additionalProperties": False,
        },
    ],
}

AxisEntry = Annotated[
    AxisValues | SameAs,
    PlainValidator(parse_axis),
    PlainSerializer(lambda entry: entry, return_type=Any),
    WithJsonSchema(AXIS_SCHEMA),
]
BaseValue = Annotated[Value, PlainValidator(check_value), WithJsonSchema(_SCALAR)]


def _date(text: object) -> datetime.date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(text)):
            raise ValueError
        return datetime.date.fromisoformat(str(text))
    except ValueError as error:
        raise ValueError("a date must be valid and of the form YYYY-MM-DD; correct it") from error


def parse_day(text: str, where: str) -> np.datetime64:
    """A date of the command line, or of a call: datetime64[D]. Raises InputError."""
    try:
        return np.datetime64(_date(text), "D")
    except ValueError as error:
        rule = "a date is valid and of the form YYYY-MM-DD"
        raise InputError(rule, text, where, "Write for example 2025-10-24") from error


Day = Annotated[datetime.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]


def _name(text: str) -> str:
    if not text.isidentifier():
        raise ValueError("a name is letters, digits and underscores, a letter first; rename it")
    if len(text) > 100:
        raise ValueError("a name has at most 100 characters; shorten it")
    if keyword.iskeyword(text) or text in (HOLD, OTHERWISE):
        raise ValueError("a name must not be a keyword of rules; rename it")
    return text


Name = Annotated[str, AfterValidator(_name)]

# Characters of a study's name, which also names a folder: at most 192 bytes, where file systems allow 255.
_LONGEST_NAME = 64
# No ASCII sign but - and _, none of them first; the check itself also refuses other signs.
_STUDY_NAME_SCHEMA: dict[str, Any] = {
    "type": "string",
    "maxLength": _LONGEST_NAME,
    "pattern": r"^[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x9f][^\x00-\x2c\x2e\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x9f]*$",
    "description": "names the run folder: letters of any script, digits, _ and -",
}


def _study_name(text: str) -> str:
    """A name of a file on every system: no separator, dot, space or control character, and no sign at its start."""
    text = unicodedata.normalize("NFC", text)
    plain = all(unicodedata.category(sign)[0] in "LMN" or sign in "_-" for sign in text)
    if not plain or not text or unicodedata.category(text[0])[0] not in "LN":
        raise ValueError("name must be letters, digits, _ and -, a letter or digit first; rename it")
    if len(text) > _LONGEST_NAME or len(text.encode()) > 3 * _LONGEST_NAME:
        raise ValueError(f"name must have at most {_LONGEST_NAME} characters; shorten it")
    return text


StudyName = Annotated[str, AfterValidator(_study_name), WithJsonSchema(_STUDY_NAME_SCHEMA)]


def _shape(value: object) -> str:
    return MAPPING if isinstance(value, dict) else LIST if isinstance(value, list) else WORD


# Tags of the types that one key may have. They are not part of the place in an error message.
WORD, LIST, MAPPING = "<a word>", "<a list>", "<a mapping>"
Word = Annotated[str, Tag(WORD)]
SHAPES = Discriminator(_shape)


def _expression(value: object) -> str:
    """An expression is text; a number alone is one too."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError("an expression is text; write a formula, in quotes if it begins with a sign of YAML")


Expression = Annotated[str, PlainValidator(_expression), WithJsonSchema({"type": "string"})]


def _cell(value: object) -> str | int | float:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    raise ValueError("a value of `where` is text or a number; write one, in quotes if it must stay text")


Cell = Annotated[str | int | float, PlainValidator(_cell), WithJsonSchema(_SCALAR)]


class Keys(BaseModel):
    """A mapping of a study file that has its own keys alone, with values of exactly their types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
