"""docs/tour.ipynb: every cell runs, and the notebook shows what its cells give now."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from docs.generate_tour import NOTEBOOK, PICTURE, code_cells, execute, read_notebook


@pytest.fixture(scope="module")
def notebook() -> dict[str, Any]:
    return read_notebook()


def test_every_cell_gives_what_the_notebook_shows(notebook: dict[str, Any], tmp_path: Path) -> None:
    for cell, (outputs, _) in zip(code_cells(notebook), execute(notebook, tmp_path), strict=True):
        stored, now = _texts(cell["outputs"]), _texts(outputs)
        assert stored == now, f"run python -m docs.generate_tour; cell: {''.join(cell['source'])}"


def test_the_notebook_is_small_and_its_figures_are_pictures(notebook: dict[str, Any]) -> None:
    assert NOTEBOOK.stat().st_size < 250_000
    data = [output["data"] for cell in code_cells(notebook) for output in cell["outputs"] if "data" in output]
    pictures = [one[PICTURE] for one in data if PICTURE in one]
    assert len(pictures) == 3
    assert all(picture.startswith("iVBORw0KGgo") for picture in pictures)  # PNG in base64


def _texts(outputs: list[dict[str, Any]]) -> str:
    """The outputs without pictures; folder names and numbers, which may differ in the last digit, are masked."""
    texts = json.dumps(outputs, ensure_ascii=False, sort_keys=True)
    texts = re.sub(rf'"{PICTURE}": "[^"]*"|"execution_count": \w+', "", texts)
    texts = re.sub(r"-[0-9a-f]{12}\b", "-HASH", texts)
    return re.sub(r"[-−]?\d[\d.,]*", "#", re.sub(r"(?<=[ >])\s+", "", texts))
