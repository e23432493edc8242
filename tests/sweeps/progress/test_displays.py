"""The displays: what is shown of the same reports as lines, as bars and in a notebook."""

from __future__ import annotations

import sys
import time
from io import StringIO
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from rich.console import Console

from gridproof.sweeps.progress import lines
from gridproof.sweeps.progress.bars import BarDisplay
from gridproof.sweeps.progress.display import COMPILING
from gridproof.sweeps.progress.lines import LineDisplay
from gridproof.sweeps.progress.notebook import NotebookDisplay, in_notebook


class FakeNotebook:
    """IPython as far as a display uses it; ``pages`` are what a reader has seen in the one output."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pages: list[str] = []
        self.outputs = 0
        module, shown = ModuleType("IPython"), ModuleType("IPython.display")

        class Shell:
            kernel = object()

            def has_trait(self, name: str) -> bool:
                return name == "kernel"

        class Handle:
            update = self.pages.append

        def display(page: str, display_id: bool) -> Handle:
            assert display_id
            self.outputs += 1
            self.pages.append(page)
            return Handle()

        module.__dict__["get_ipython"] = Shell
        shown.__dict__.update(HTML=lambda text: text, display=display)
        monkeypatch.setitem(sys.modules, "IPython", module)
        monkeypatch.setitem(sys.modules, "IPython.display", shown)


def test_lines_where_a_stage_is_resumed_and_where_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with LineDisplay() as display:
        display.progress("sweep", 100, 400)
        display.progress("sweep", 200, 400, 100)
        display.progress("sweep", 400, 400, 300)
        display.progress("sweep", 400, 400, 300)
        display.progress("verdict", 0, 3, 0, "gathering variants")
        display.progress("verdict", 1, 3, 1, "testing [1] of [bold]")
        display.notice("worker [a] was lost")
    first, last, gathering, testing, notice = capsys.readouterr().out.splitlines()
    assert first == "sweep: 25%, 100 of 400 variants"
    assert last.startswith("sweep: 100%, 400 of 400 variants, ")
    assert gathering == "verdict: 0%, 0 of 3, gathering variants"
    assert testing.startswith("verdict: 33%, 1 of 3, ")
    assert testing.endswith("testing [1] of [bold]")
    assert notice == "worker [a] was lost"


def test_lines_name_the_nodes_and_of_many_their_range(capsys: pytest.CaptureFixture[str]) -> None:
    few = {"10.0.0.2": 1234.4, "10.0.0.1": 99.0}
    many = {f"10.0.0.{number}": 100.0 * number for number in range(1, 10)}
    for rates, text in (
        (few, ", 10.0.0.1 99/s, 10.0.0.2 1,234/s"),
        (many, ", 9 nodes, 100 to 900 variants/s"),
    ):
        with LineDisplay() as display:
            display.nodes(rates)
            display.progress("sweep", 10, 10, 10)
        assert capsys.readouterr().out.rstrip().endswith(text)


def test_lines_go_on_while_nothing_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LINE_EVERY", 0.05)
    with LineDisplay() as display:
        display.progress("sweep", 0, 400)
        display.progress("sweep", 1, 400, 1)
        deadline = time.monotonic() + 10.0
        text = ""
        while text.count("sweep: 0%, 1 of 400 variants, ") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
            text += capsys.readouterr().out
    assert text.count("sweep: 0%, 1 of 400 variants, ") >= 2


def test_bars_show_every_stage_and_escape_text() -> None:
    terminal = StringIO()
    console = Console(file=terminal, force_terminal=True, width=150, color_system=None)
    with BarDisplay(console) as display:
        display.progress("sweep", 50, 400)
        display.nodes({"node [1]": 12.0})
        display.progress("sweep", 100, 400, 50, "best [bold]1")
        display.progress("report", 0, 1)
        display.progress("report", 1, 1, 1)
        display.notice("a [red]notice")
    text = terminal.getvalue()
    for expected in ("25%, 100 of 400 variants", "best [bold]1", "node [1] 12/s", "report", "1 of 1", "a [red]notice"):
        assert expected in text


def test_a_notebook_shows_one_output_that_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = FakeNotebook(monkeypatch)
    assert in_notebook()
    with NotebookDisplay() as display:
        display.progress("sweep", 0, 400)
        display.progress("sweep", 400, 400, 400, "<b>")
        display.progress("verdict", 1, 4, 1, "<script>")
        display.notice("a <notice>")
    assert notebook.outputs == 1
    page = notebook.pages[-1]
    assert "400 of 400 variants" in page
    assert '<progress max="1" value="0.2500">' in page
    assert "&lt;script&gt;" in page
    assert "a &lt;notice&gt;" in page
    assert "<script>" not in page


def test_no_notebook_here() -> None:
    assert not in_notebook()


def test_compiling_is_a_stage_of_its_own_and_not_the_sweeps_time(capsys: pytest.CaptureFixture[str]) -> None:
    @numba.njit
    def total(values: Any) -> Any:
        return values.sum()

    with LineDisplay() as display:
        display.progress("sweep", 0, 10)
        began = display.stages["sweep"].began
        total(np.ones(3))
        sweep, compiling = display.stages["sweep"], display.stages[COMPILING]
        display.progress("sweep", 10, 10, 10)
    assert compiling.finished
    assert compiling.done >= 1
    assert sweep.began - began == pytest.approx(compiling.updated - compiling.began, abs=1e-6)
    assert capsys.readouterr().out.startswith(COMPILING)
    with LineDisplay() as display:
        total(np.ones(3))
    assert not display.stages, "what is compiled already is not compiled again"
