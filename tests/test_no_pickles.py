"""Nothing that is read from disk or a URL can execute code: no pickles, no eval, no unsafe YAML.

The one exception is the file of operators that a study of the user's own names.
"""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import gridproof as gp
from gridproof.results.run.tally import Tally
from gridproof.sweeps.study.document import parse_value, read_document

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("gridproof", "kernels", "signals", "results", "sweeps")
MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "torch", "imp"}
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "exec_module",
    "load_module",
    "run_path",
    "run_module",
    "read_pickle",
    "to_pickle",
    "unsafe_load",
    "full_load",
    "system",
    "popen",
}
# It makes a regular expression.
ALLOWED = {"re.compile"}
# The one place that executes a text: the file of operators that the user's own study names.
EXECUTES = "signals/expression/user_operators/file.py"


def nodes() -> Iterator[tuple[Path, ast.Import | ast.ImportFrom | ast.Call]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parent.is_symlink():
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
                    yield path.relative_to(ROOT), node


def test_no_module_reads_pickles_or_executes_text() -> None:
    found = []
    for path, node in nodes():
        place = f"{path}:{node.lineno}"
        if isinstance(node, ast.Import):
            found += [f"{place} import {name.name}" for name in node.names if name.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(f"{place} from {node.module}")
        elif isinstance(node, ast.Call):
            last = getattr(node.func, "attr", getattr(node.func, "id", ""))
            text = ast.unparse(node.func) if last in CALLS | {"load"} else ""
            if text not in ALLOWED and text.split(".")[-1] in CALLS:
                found.append(f"{path} {text}" if str(path) == EXECUTES else f"{place} {text}")
            if text == "yaml.load" and ast.unparse(node.keywords[0]) != "Loader=_Loader":
                found.append(f"{place} {text}")
            flags = (keyword.value for keyword in node.keywords if keyword.arg in ("allow_pickle", "shell"))
            if any(ast.unparse(value) != "False" for value in flags):
                found.append(f"{place} {ast.unparse(node)}")
    assert found == [f"{EXECUTES} loader.exec_module"]


def test_the_loader_of_studies_is_a_safe_one(tmp_path: Path) -> None:
    for text in ("!!python/object/apply:os.system ['touch x']", "!!python/name:os.system ''", "!!python/module:os ''"):
        with pytest.raises(yaml.YAMLError):
            parse_value(text)
        (tmp_path / "study.yaml").write_text(f"name: {text}\n")
        with pytest.raises(gp.InputError, match="a study file is YAML"):
            read_document(tmp_path / "study.yaml")


class Trap:
    """Pickled, it makes a file where it is read."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self._mark,)


def test_a_pickle_in_a_tile_is_not_read(tmp_path: Path) -> None:
    trap = np.array([Trap(tmp_path / "mark")], dtype=object)
    np.savez(tmp_path / "tile.npz", **dict.fromkeys(("counters", "dims", "scale", "surfaces", "top"), trap))
    np.save(tmp_path / "rows.npy", trap)
    (tmp_path / "bare.npz").write_bytes(pickle.dumps(Trap(tmp_path / "mark")))
    for name in ("tile.npz", "bare.npz"):
        with pytest.raises(Exception):  # noqa: B017 - whatever a damaged tile raises
            Tally.load(tmp_path / name)
    with pytest.raises(ValueError, match="Python objects"):
        np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert not (tmp_path / "mark").exists()
