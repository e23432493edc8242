"""The house: links resolve, imports go one way, the wheel is whole."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("kernels", "signals", "results", "sweeps", "studies")
# What each may import besides itself.
ALLOWED = {
    "kernels": set(),
    "signals": {"kernels"},
    "results": {"kernels"},
    "sweeps": {"kernels", "signals", "results"},
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_links_are_relative_and_resolve(folder: str) -> None:
    link = ROOT / "gridproof" / folder
    assert link.is_symlink()
    assert str(link.readlink()) == f"../{folder}"
    assert (link / "__init__.py").is_file()


@pytest.mark.parametrize("folder", ALLOWED)
def test_imports_go_one_way(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                assert name.split(".")[0] not in FOLDERS, f"{path}: import gridproof.{name}"
                if name.startswith("gridproof."):
                    other = name.split(".")[1]
                    assert other in {folder, *ALLOWED[folder]}, f"{path} imports {name}"


def test_the_wheel_carries_everything(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    expected = {"gridproof/py.typed"}
    for folder in FOLDERS:
        carried = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        expected |= {f"gridproof/{path.relative_to(ROOT)}" for path in carried}
    assert {Path(name).suffix for name in expected} >= {".py", ".typed", ".cu", ".cuh", ".j2", ".yaml"}
    assert expected <= names
    assert not {name for name in names if name.split("/")[0] in FOLDERS}, "a bare folder would clash on PyPI"
