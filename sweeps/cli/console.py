"""Where the command line prints: text, tables and progress."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridproof.results.texts.spoken import say
from gridproof.sweeps.progress.bars import BarDisplay
from gridproof.sweeps.progress.display import Display
from gridproof.sweeps.progress.lines import LineDisplay
from gridproof.sweeps.progress.plain_text import printable


class _PlainConsole(Console):
    """Prints text as it is, in the language: no markup, no emoji names, no highlighting, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(say(text), lines=True), **options)


console = _PlainConsole(soft_wrap=True)
# Tables are as wide as they need; a narrow terminal wraps their lines, nothing is cut.
_tables = _PlainConsole(width=1000)


def show_progress() -> Display:
    """Bars on a terminal, else plain lines; a context manager."""
    return BarDisplay(console) if console.is_terminal else LineDisplay()


def print_line(text: str) -> None:
    """Prints a line that may be indented: its text in the language."""
    told = text.lstrip()
    console.print(f"{text[: len(text) - len(told)]}{say(told)}")


def bold(text: str) -> Text:
    """A name or a sentence in bold."""
    return Text(printable(say(text)), "bold")


def print_table(table: Table) -> None:
    _tables.print(table)
