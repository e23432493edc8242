"""JSON with an indent of two spaces: the text of ``json.dumps``, which writes it in Python, several times slower."""

from __future__ import annotations

import json
from typing import Any

_INDENT = "  "


def json_text(value: Any, around: str = "\n") -> str:
    """The text of ``json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)``.

    around: the line end and the indent of what the value is part of. NaN raises ValueError.
    """
    inside = around + _INDENT
    if isinstance(value, dict) and any(map(_nested, value.values())):
        parts = (f"{_key(key)}: {json_text(one, inside)}" for key, one in value.items())
        return f"{{{inside}{f',{inside}'.join(parts)}{around}}}"
    if isinstance(value, (list, tuple)) and any(map(_nested, value)):
        return f"[{inside}{f',{inside}'.join(json_text(one, inside) for one in value)}{around}]"
    # The encoder written in C knows no indent; what separates the entries it takes as it is.
    text = json.dumps(value, separators=(f",{inside}", ": "), allow_nan=False, ensure_ascii=False)
    return f"{text[0]}{inside}{text[1:-1]}{around}{text[-1]}" if _nested(value) and value else text


def _key(key: Any) -> str:
    text = json.dumps(key, allow_nan=False, ensure_ascii=False)
    return text if isinstance(key, str) else f'"{text}"'


def _nested(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple))
