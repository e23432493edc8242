"""The structure of the project: links, import directions, its map, unique names, reasons of slow tests, the wheel."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("kernels", "signals", "results", "sweeps", "studies")
PLACES = (*FOLDERS, "docs", "tests", "benchmarks")
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


# Folders of sweeps, each of which may import those before it; sweeps/run.py stands before search.
ORDER = ("progress", "study", "plan", "monitor", "data", "execution", "cluster", "verdict", "factors", "search", "cli")


@dataclass(frozen=True, slots=True)
class Source:
    """A module's file: the full names that it imports anywhere in it, and the classes of its top level."""

    path: Path
    imported: tuple[str, ...]
    classes: tuple[str, ...]


@cache
def read_source(path: Path) -> Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = tuple(node.name for node in tree.body if isinstance(node, ast.ClassDef))
    return Source(path, tuple(imported_names(tree)), classes)


def sources(folder: str) -> Iterator[Source]:
    return map(read_source, sorted((ROOT / folder).rglob("*.py")))


def imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("folder", ALLOWED)
def test_imports_go_one_way(folder: str) -> None:
    for source in sources(folder):
        for name in source.imported:
            assert name.split(".")[0] not in FOLDERS, f"{source.path}: import gridproof.{name}"
            if name.startswith("gridproof."):
                other = name.split(".")[1]
                assert other in {folder, *ALLOWED[folder]}, f"{source.path} imports {name}"


def test_folders_of_sweeps_import_in_order() -> None:
    found = {path.name for path in (ROOT / "sweeps").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert found == set(ORDER)
    for place, folder in enumerate(ORDER):
        for source in sources(f"sweeps/{folder}"):
            for name in source.imported:
                if name.startswith("gridproof.sweeps."):
                    other = name.split(".")[2]
                    assert other in {"run", *ORDER[: place + 1]}, f"{source.path} imports {name}"
                    assert other != "run" or place >= ORDER.index("search"), f"{source.path} imports {name}"


def test_the_map_names_every_module() -> None:
    """ARCHITECTURE.md lists each module at its folder, or at a folder above; the sections of the page are one line."""
    for folder in ALLOWED:
        for source in sources(folder):
            places = [source.path.relative_to(ROOT).parent, *source.path.relative_to(ROOT).parent.parents]
            named = {word for place in places for word in rooms().get(place.as_posix(), ())}
            own = source.path.stem not in ("__init__", "__main__") and "sections" not in source.path.parts
            assert not own or source.path.stem in named, f"{source.path} is not on the map of ARCHITECTURE.md"


@cache
def rooms() -> dict[str, set[str]]:
    """The words that the map has for each folder."""
    found: dict[str, set[str]] = {}
    folder: list[str] = []
    for line in architecture()[1].splitlines():
        if begin := re.match(r"((?:  ){0,2})([a-z_]+)/(?= |$)", line):
            folder = [*folder[: len(begin[1]) // 2], begin[2]]
        elif re.match(r"  \S", line):  # modules of the topmost folder itself
            folder = folder[:1]
        found.setdefault("/".join(folder), set()).update(re.findall(r"[\w.]+", line))
    return found


def test_the_places_that_the_architecture_names_are_there() -> None:
    paths = [path.relative_to(ROOT) for folder in PLACES for path in (ROOT / folder).rglob("*")]
    known = {f"/{path.with_suffix('')}" for path in paths}
    written = {place for text in architecture()[2:] for place in re.findall(r"`([a-z_]+(?:/[a-z_]+)+)[`.]", text)}
    assert len(written) > 50
    assert not [place for place in sorted(written) if not any(path.endswith(f"/{place}") for path in known)]


def architecture() -> list[str]:
    """The map is its second part."""
    return (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")


def test_class_names_occur_once() -> None:
    names = Counter(name for folder in ALLOWED for source in sources(folder) for name in source.classes)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_test_module_imports_another() -> None:
    for source in sources("tests"):
        for name in source.imported:
            modules = name.split(".")[1:] if name.startswith("tests.") else []
            assert not any(module.startswith("test_") for module in modules), f"{source.path} imports {name}"


def test_every_slow_test_says_why() -> None:
    """Each mark is a call with one sentence: what is repeated, and what proves it in ``make test``."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "slow" not in text:
            continue
        tree = ast.parse(text)
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and reason_of(node)]
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "slow" and ast.unparse(node).endswith("mark.slow"):
                assert node in called, f"{path}:{node.lineno}: pytest.mark.slow needs a reason: a sentence of its own"


def reason_of(call: ast.Call) -> bool:
    """Whether a call has one argument: a text of several words."""
    texts = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    return len(call.args) == len(texts) == 1 and not call.keywords and len(str(texts[0]).split()) > 5


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
