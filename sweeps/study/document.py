"""A study file as parsed YAML: its values and the line of each."""

from __future__ import annotations

import re
import unicodedata
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


# The most bytes of a study file: what is read in a few seconds.
_LARGEST = 500_000
# Keys whose values are not folded: names in the market's files, and texts to print.
_AS_WRITTEN = {"file", "field", "date", "code", "where", "sheet", "date_format", "release", "path", "title", "notes",
               "operators", "title_zh", "notes_zh", "reason", "reason_zh", "states", "source", "source_zh"}  # fmt: skip
_ASCII = {"：": ":", "，": ",", "“": '"', "”": '"', "‘": "'", "’": "'", "（": "(", "）": ")", "｛": "{", "｝": "}",
          "［": "[", "］": "]", "【": "[", "】": "]", "；": ","}  # fmt: skip
_FULL_WIDTH = re.compile(f"[{''.join(map(re.escape, _ASCII))}]")


class _AliasError(yaml.YAMLError):
    def __init__(self, name: str, line: int) -> None:
        super().__init__(f"the alias *{name}")
        self.name, self.line = name, line


class _Loader(yaml.SafeLoader):
    """Loads numbers, text, true and false. Dates stay text, and so do on, off, yes and no. Refuses aliases."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: yaml.AliasEvent = self.peek_event()  # type: ignore[no-untyped-call]
            raise _AliasError(str(event.anchor), event.start_mark.line + 1 if event.start_mark else 1)
        return super().compose_node(parent, index)


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


def folded(value: Any, file: str) -> Any:
    """Returns parsed values with full-width and composed characters folded (NFKC), so that equal names are equal.

    Columns, files and texts to print stay as they are. Raises InputError if two keys become equal.
    """
    if isinstance(value, str):
        return _fold(value)
    if isinstance(value, list):
        return [folded(one, file) for one in value]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for key, one in value.items():
        name = _fold(key) if isinstance(key, str) else key
        if name in result:
            raise InputError("a key must occur once", f"{name} twice", f"{file} {name}", "Remove one")
        result[name] = one if name in _AS_WRITTEN else folded(one, file)
    return result


def _fold(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def read_document(path: Path) -> Document:
    """Read a study file. Raises InputError if it is missing, is not YAML in UTF-8, uses an alias or repeats a key."""
    text = _read_text(path)
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            raw = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except _AliasError as error:
        rule, remedy = "a study file must not use YAML aliases", "Write the value out"
        raise InputError(rule, f"*{error.name}", f"{path}:{error.line}", remedy) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        _check_punctuation(text, path, mark.line + 1 if mark else None)
        line = f":{mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        remedy = "Correct the indentation, brackets or quotes"
        remedy = "Indent with spaces, not with tabs" if "\\t" in problem else remedy
        raise InputError("a study file is YAML", problem, f"{path}{line}", remedy) from error
    if not isinstance(raw, dict) or node is None:
        _check_punctuation(text, path, None)
        found = "nothing" if raw is None else "a list" if isinstance(raw, list) else repr(raw)
        remedy = "Write `key: value` lines; the studies shipped show them"
        raise InputError("a study file is a mapping of keys", found, f"{path}:1", remedy)
    lines: dict[tuple[str, ...], int] = {}
    _walk(node, (), lines, str(path))
    return Document(str(path), folded(raw, str(path)), lines)


def _read_text(path: Path) -> str:
    rule, remedy = "the study file must be readable", "Name a study file in UTF-8, or one of the studies shipped"
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _LARGEST else b""
    except OSError as error:
        raise InputError(rule, error.strerror, str(path), remedy) from error
    if size > _LARGEST:
        rule, remedy = f"a study file has at most {_LARGEST:,} bytes", "Write ranges instead of lists of values"
        raise InputError(rule, f"{size:,}", str(path), remedy)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            problem = "UTF-16"
        elif content.startswith(b"PK"):
            problem = "a workbook or archive"
        else:
            problem = f"bytes that are not UTF-8 on line {content[: error.start].count(10) + 1}, perhaps GBK"
        raise InputError(rule, problem, str(path), "Save it as UTF-8") from error


def _check_punctuation(text: str, path: Path, until: int | None) -> None:
    """Raises InputError for the first line up to ``until`` with full-width punctuation where YAML needs ASCII."""
    for number, line in enumerate(text.splitlines()[:until], 1):
        if found := _FULL_WIDTH.search(line.split("#")[0]):
            remedy = f"Write {_ASCII[found[0]]} instead, with a space after it"
            raise InputError("a study file uses ASCII punctuation", found[0], f"{path}:{number}", remedy)


def _walk(node: yaml.Node, path: tuple[str, ...], lines: dict[tuple[str, ...], int], file: str) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, _fold(str(key.value)))
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
