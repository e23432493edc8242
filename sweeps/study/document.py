"""A study file as parsed YAML: its values and the line of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gridproof.kernels.errors import InputError


@dataclass(frozen=True)
class Document:
    """``raw``: the parsed values. ``lines``: the line of each key or list item, by its path of keys.

    ``changed``: paths whose value was changed after the file was read.
    """

    name: str
    raw: dict[str, Any]
    lines: dict[tuple[str, ...], int]
    changed: frozenset[tuple[str, ...]] = frozenset()

    def where(self, path: Sequence[object]) -> str:
        """Returns 'file:line path', with the line of the nearest key in the file, or 'file path, as set' if changed."""
        keys = tuple(str(key) for key in path)
        if any(keys[: len(changed)] == changed for changed in self.changed):
            return f"{self.name} {'.'.join(keys)}, as set"
        known = keys
        while known and known not in self.lines:
            known = known[:-1]
        line = f":{self.lines[known]}" if known in self.lines else ""
        return f"{self.name}{line} {'.'.join(keys)}".rstrip()


class _Loader(yaml.SafeLoader):
    """Loads numbers, text, true and false. Dates stay text, and so do on, off, yes and no."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool", ":int", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
# A code such as 000300 stays text.
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9]\d*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:(?:0|[1-9]\d*)\.\d*|\.\d+|[1-9]\d*(?=[eE]))(?:[eE][-+]?\d+)?$"),
    list("-+.0123456789"),
)


def parse_value(text: str) -> Any:
    """Returns a text parsed as in a study file: a number, text, a list such as '[1, 2]' or a mapping."""
    return yaml.load(text, Loader=_Loader)


def read_document(path: Path) -> Document:
    """Read a study file. Raises InputError if it is missing, is not YAML, uses an alias or repeats a key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "bytes that are not UTF-8"
        remedy = "Name a study file in UTF-8, or one of the studies shipped"
        raise InputError("the study file must be readable", problem, str(path), remedy) from error
    try:
        if alias := next((token for token in yaml.scan(text) if isinstance(token, yaml.AliasToken)), None):
            raise InputError(
                "a study file must not use YAML aliases",
                f"*{alias.value}",
                f"{path}:{alias.start_mark.line + 1}",
                "Write the value out",
            )
        node = yaml.compose(text, Loader=_Loader)
        raw = parse_value(text)
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise InputError(
            "a study file is YAML", problem, f"{path}{line}", "Correct the indentation, brackets or quotes"
        ) from error
    if not isinstance(raw, dict) or node is None:
        found = "nothing" if raw is None else "a list" if isinstance(raw, list) else repr(raw)
        remedy = "Write `key: value` lines; the studies shipped show them"
        raise InputError("a study file is a mapping of keys", found, f"{path}:1", remedy)
    lines: dict[tuple[str, ...], int] = {}
    _walk(node, (), lines, str(path))
    return Document(str(path), raw, lines)


def _walk(node: yaml.Node, path: tuple[str, ...], lines: dict[tuple[str, ...], int], file: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            if inner in lines:
                raise InputError(
                    "a key must occur once",
                    f"{key.value} on lines {lines[inner]} and {key.start_mark.line + 1}",
                    f"{file}:{key.start_mark.line + 1} {'.'.join(inner)}",
                    "Remove one",
                )
            lines[inner] = key.start_mark.line + 1
            _walk(value, inner, lines, file)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*path, str(index))] = value.start_mark.line + 1
            _walk(value, (*path, str(index)), lines, file)
