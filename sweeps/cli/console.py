"""Where the command line prints: text, tables and progress."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridproof.results.texts.translation import Language, translate
from gridproof.sweeps.progress.bars import BarDisplay
from gridproof.sweeps.progress.display import Display
from gridproof.sweeps.progress.lines import LineDisplay
from gridproof.sweeps.progress.plain_text import printable


class _PlainConsole(Console):
    """Prints text as it is: no markup, no emoji names, no highlighting, and no control characters.

    language: of what is printed.
    """

    language: ClassVar[Language] = "en"

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(translate(text, self.language), lines=True), **options)


console = _PlainConsole(soft_wrap=True)
# Tables are as wide as they need; a narrow terminal wraps their lines, nothing is cut.
_tables = _PlainConsole(width=1000)


def show_progress() -> Display:
    """Bars on a terminal, else plain lines; a context manager."""
    return BarDisplay(console) if console.is_terminal else LineDisplay()


def speak(language: Language) -> None:
    """Print in this language from now on."""
    _PlainConsole.language = language


def bold(text: str) -> Text:
    """A name or a sentence in bold."""
    return Text(printable(translate(text, _PlainConsole.language)), "bold")


def print_table(table: Table) -> None:
    _tables.print(table)
