"""The texts of errors in the code: rules and remedies as messages with fields, found in its syntax trees."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ERRORS = {"InputError", "LateSignalError", "UndefinedSignalError"}
_NAMES = "abcdefgh"
# Files whose functions return remedies.
_OF_REMEDIES = ("availability.py", "other_notations.py")


def _texts(node: ast.expr, known: dict[str, list[str]]) -> list[str]:
    """What an expression may be, with {} for what is filled in."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        return ["".join(parts) for parts in itertools.product(*(_parts(part, known) for part in node.values))]
    if isinstance(node, ast.IfExp):
        return _texts(node.body, known) + _texts(node.orelse, known)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        after = _texts(node.right, known) or ["\0"]
        return [left + right for left in _texts(node.left, known) or ["\0"] for right in after]
    return known.get(node.id, []) if isinstance(node, ast.Name) else []


def _parts(part: ast.expr, known: dict[str, list[str]]) -> list[str]:
    """What a part of an f-string may be: a plural's ending and a choice of texts are texts, all else is filled in."""
    if isinstance(part, ast.Constant):
        return [str(part.value)]
    found = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(found, ast.Name) and found.id.isupper() and any(" " in text for text in known.get(found.id, [])):
        return known[found.id]
    if isinstance(found, ast.BinOp) and isinstance(found.left, ast.Constant) and isinstance(found.left.value, str):
        return ["", found.left.value]
    if isinstance(found, ast.IfExp):
        chosen = [_texts(one, {}) for one in (found.body, found.orelse)]
        if all(chosen):
            return [text for texts in chosen for text in texts]
    return ["\0"]


def _assigned(function: ast.AST) -> dict[str, list[str]]:
    """The texts of the names in a function."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            pairs = [(target, node.value)]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=False))
            for name, value in pairs:
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).extend(_texts(value, found))
    return found


def _of_module(tree: ast.Module) -> dict[str, list[str]]:
    """The texts of the names of a module."""
    return _assigned(ast.Module([one for one in tree.body if isinstance(one, ast.Assign)], []))


def _returned(node: ast.Return, known: dict[str, list[str]], remedies: bool) -> Iterator[str]:
    """A rule that goes on after a name, with its remedy; in files of remedies also a remedy alone."""
    if isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
        rules, remedy = (_texts(one, known) for one in node.value.elts)
        if any(rule.startswith("must ") for rule in rules):
            yield from (f"\0 {rule}" for rule in rules)
            yield from remedy
    elif remedies and node.value is not None:
        yield from _texts(node.value, known)


def _of_rules(tree: ast.Module) -> Iterator[str]:
    """The rules and remedies of a table for the errors of pydantic."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_RULES":
            for rule, remedy in ast.literal_eval(node.value).values():
                yield "\0 " + re.sub(r"\{[^}]*\}", "\0", rule)
                yield remedy


def _of_file(tree: ast.Module, remedies: bool) -> Iterator[str]:
    yield from _of_rules(tree)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        known = _of_module(tree) | _assigned(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Return):
                yield from _returned(node, known, remedies)
            if not isinstance(node, ast.Call):
                continue
            # ValueError(rule; remedy)
            if isinstance(node.func, ast.Name) and node.func.id in ("ValueError", "RuleError"):
                for text in _texts(node.args[0], known):
                    rule, _, remedy = text.partition("; ")
                    if remedy and not {"ledger", "message"} & set(rule.split()):
                        yield from (rule, remedy[0].upper() + remedy[1:])
                continue
            # InputError(rule, value, where, remedy), formula.fault(rule, value, part, remedy) and
            # column.error(rule, index, remedy)
            named = isinstance(node.func, ast.Name) and node.func.id in _ERRORS
            fault = isinstance(node.func, ast.Attribute) and node.func.attr == "fault"
            if (named or fault) and len(node.args) >= 4:
                texts = (node.args[0], node.args[3])
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "error" and len(node.args) >= 3:
                texts = (node.args[0], node.args[2])
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "unknown" and len(node.args) == 4:
                texts = (node.args[0], node.args[0])
            else:
                continue
            for argument in texts:
                yield from _texts(argument, known)


@cache
def error_messages() -> tuple[str, ...]:
    """Every rule and remedy of an error whose text stands in the code, with the fields {a}, {b} and so on."""
    found = set[str]()
    for folder in ("kernels", "signals", "results", "sweeps"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for text in _of_file(ast.parse(file.read_text(encoding="utf-8")), file.name in _OF_REMEDIES):
                pieces = " ".join(text.split()).split("\0")
                named = (f"{{{name}}}" for name in _NAMES)
                whole = "".join(piece + next(named) for piece in pieces[:-1]) + pieces[-1] if len(pieces) > 1 else text
                if re.sub(r"\{\w\}|\b(?:of|Got)\b|[ ,.]", "", whole):
                    found.add(" ".join(whole.split()))
    return tuple(sorted(found))
