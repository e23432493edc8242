"""The text of an expression as Python can parse it: durations and dates stand in it as names."""

from __future__ import annotations

import ast
import re

from gridproof.signals.expression.duration import PATTERN

_DATE = r"\d{4}-\d{2}-\d{2}"
# Text in quotes is left alone. A digit that belongs to a name, such as ma2d, begins no duration.
_LITERAL = re.compile(rf"'[^']*'|\"[^\"]*\"|(?<![\w.])(?:{_DATE}|{PATTERN})(?![\w.])")


class ExpressionText:
    """``plain``: the text with a name of the same length in place of each duration and date."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._literals: dict[int, str] = {}  # by the column at which each duration or date begins
        self.plain = _LITERAL.sub(self._hidden, text)

    def literal(self, at: ast.expr) -> str | None:
        """The duration or date that is written there; None where there is none."""
        return self._literals.get(self.column(at))

    def column(self, at: ast.expr) -> int:
        """The position in the text; ast counts bytes."""
        lines = self.plain.split("\n")
        before = sum(len(line) + 1 for line in lines[: at.lineno - 1])
        return before + len(lines[at.lineno - 1].encode()[: at.col_offset].decode())

    def source(self, at: ast.expr) -> str:
        """The part of the text, as it was written."""
        segment = ast.get_source_segment(self.plain, at) or self._text
        begin = self.column(at)
        return self._text[begin : begin + len(segment)]

    def _hidden(self, found: re.Match[str]) -> str:
        if found[0][0] in "'\"":
            return found[0]
        self._literals[found.start()] = found[0]
        return "_" * len(found[0])
