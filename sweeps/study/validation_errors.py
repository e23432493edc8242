"""Turns a pydantic error about a study file into one line with the place and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.key_types import LIST, MAPPING, WORD
from gridproof.sweeps.study.spec import part_of

# For each error type of pydantic: the rule for the key, and the remedy.
_RULES = {
    "string_type": ("must be text", "Write a word, in quotes if it looks like a number"),
    "float_type": ("must be a number", "Write a number, without quotes"),
    "int_type": ("must be an integer", "Write a whole number, without quotes"),
    "too_short": ("must have at least {min_length} value", "Add one"),
    "bool_type": ("must be true or false", "Write one of them, without quotes"),
    "finite_number": ("must be a finite number", "Write one"),
    "greater_than": ("must be above {gt:g}", "Raise it"),
    "greater_than_equal": ("must be at least {ge:g}", "Raise it"),
    "less_than_equal": ("must be at most {le:g}", "Lower it"),
    "string_too_long": ("must have at most {max_length} characters", "Shorten it"),
    "less_than": ("must be below {lt:g}", "Lower it: it is a share, not %"),
    "dict_type": ("must be a mapping", "Write `key: value` lines under it"),
    "model_type": ("must be a mapping", "Write `key: value` lines under it"),
    "list_type": ("must be a list", "Write it in brackets, or with a dash before each"),
    "literal_error": ("must be {expected}", "Choose one"),
    "invalid_key": ("must be a word", "Put it in quotes, or rename it"),
}


def first_fault(error: ValidationError, document: Document, model: type[BaseModel]) -> InputError:
    """Returns the first error of a file of this model as an InputError; its place has no tags of a union."""
    fault = error.errors(include_url=False)[0]
    path = [str(key) for key in fault["loc"] if key not in (WORD, LIST, MAPPING, "[key]")]
    where = document.where(path)
    key = next((str(key) for key in reversed(path) if not key.isdigit()), "a study")
    if "[key]" in fault["loc"]:
        key = "a name"
    elif fault["type"] == "invalid_key":
        key = "a key"
    if fault["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in part_of(path[:-1], model).model_fields.items()]
        return InputError("unknown key", key, where, did_you_mean(key, known))
    if fault["type"] == "missing":
        return InputError(f"missing key `{key}`", "none", where, f"Add `{key}:`")
    if fault["type"] == "union_tag_invalid":
        shapes = fault["ctx"]["expected_tags"].replace("'<", "").replace(">'", "").replace(", ", " or ")
        return InputError(f"{key} must be {shapes}", brief(fault["input"]), where, "Rewrite it")
    if path[0] in ("rule", "rules") and fault["type"] == "string_type":
        if LIST in fault["loc"]:
            remedy = "Write `leg: expression` lines, without dashes or brackets"
            return InputError("rule must be a mapping of legs", brief(fault["input"]), where, remedy)
        if isinstance(fault["input"], int | float):
            rule, remedy = (
                "a line of the rule is an expression of signals",
                "Write weights under mixes, and the mix here",
            )
            return InputError(rule, brief(fault["input"]), where, remedy)
    if fault["type"] in _RULES:
        rule, remedy = _RULES[fault["type"]]
        rule = f"{key} {rule.format(**fault.get('ctx', {}))}"
        return InputError(rule, brief(fault["input"]), where, remedy)
    return one_line(fault["msg"].removeprefix("Value error, "), fault["input"], where)


def one_line(message: str, value: object, where: str) -> InputError:
    """Returns an InputError from a message 'rule; remedy'."""
    rule, _, remedy = message.partition("; ")
    remedy = remedy.rstrip(".") or "correct it"
    return InputError(rule, brief(value), where, remedy[0].upper() + remedy[1:])


def brief(value: object) -> str:
    """Returns a value as text of at most 100 characters, for an error message."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns the remedy for an unknown name: the closest known name, or all of them."""
    known = list(known)
    if not known:
        return "Add one: the study has none"
    near = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {near[0]}" if near else f"Use one of {', '.join(known)}"
