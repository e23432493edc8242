"""Executes docs/tour.ipynb and stores what its cells show: ``python -m docs.generate_tour``.

A cell shows what it prints and the value of its last line, as in Jupyter. Figures are stored as pictures, which need
Chromium; without it the stored ones are kept.
"""

from __future__ import annotations

import ast
import io
import json
import warnings
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from pprint import pformat
from tempfile import TemporaryDirectory
from typing import Any

NOTEBOOK = Path(__file__).with_name("tour.ipynb")
PICTURE = "image/png"
_SIZE = (640, 340)


def read_notebook() -> dict[str, Any]:
    """The notebook as nbformat 4 stores it."""
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return notebook


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def execute(notebook: dict[str, Any], folder: Path) -> list[tuple[list[dict[str, Any]], Any]]:
    """Executes the code cells in ``folder``: for each its outputs, and its figure where its last line is one.

    The outputs are as nbformat 4 stores them, without the picture of a figure.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = []
    with chdir(folder):
        for cell in code_cells(notebook):
            body = ast.parse("".join(cell["source"])).body
            last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
            value = None
            with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()):
                exec(compile(ast.Module(body, []), NOTEBOOK.name, "exec"), names)
                if isinstance(last, ast.Expr):
                    value = eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names)
            figure = value if type(value).__module__.startswith("plotly.") else None
            shown.append((_outputs(printed.getvalue(), value, figure), figure))
    return shown


def _outputs(printed: str, value: Any, figure: Any) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    if printed:
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(printed)})
    if value is None:
        return outputs
    plain = pformat(value, sort_dicts=False) if isinstance(value, dict) else repr(value)
    data: dict[str, Any] = {"text/plain": _lines(plain)}
    if figure is not None:
        data = {PICTURE: "", "text/plain": ["a figure"]}
    elif hasattr(value, "_repr_html_"):
        data["text/html"] = _lines(value._repr_html_())
    outputs.append({"data": data, "execution_count": None, "metadata": {}, "output_type": "execute_result"})
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _pictures(figures: list[Any]) -> list[str]:
    """Each figure as a PNG in base64; none without Chromium."""
    from plotly.offline.offline import get_plotlyjs

    from tests.support.browser import BROWSER, Browser

    if BROWSER is None:
        return []
    with TemporaryDirectory() as folder, Browser() as browser:
        page = Path(folder) / "page.html"
        page.write_text(f"<body data-drawn=1><script>{get_plotlyjs()}</script></body>", encoding="utf-8")
        browser.open(page)
        size = f"{{ format: 'png', width: {_SIZE[0]}, height: {_SIZE[1]} }}"
        made = [browser.evaluate(f"Plotly.toImage({figure.to_json()}, {size})") for figure in figures]
    return [str(one).partition(",")[2] for one in made]


def write_notebook() -> None:
    notebook = read_notebook()
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = execute(notebook, Path(folder))
    made = iter(_pictures([figure for _, figure in shown if figure is not None]))
    for number, (cell, (outputs, _)) in enumerate(zip(code_cells(notebook), shown, strict=True), start=1):
        kept = [output["data"].get(PICTURE, "") for output in cell["outputs"] if "data" in output]
        cell["outputs"], cell["execution_count"] = outputs, number
        for output in cell["outputs"]:
            if "data" in output:
                output["execution_count"] = number
            if PICTURE in output.get("data", {}):
                output["data"][PICTURE] = next(made, "".join(kept))
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    NOTEBOOK.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_notebook()
