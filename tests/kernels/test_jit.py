"""What is compiled is compiled anew when anything that went into it has changed."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import FunctionType
from typing import NamedTuple

import numpy as np
import pytest

from gridproof.kernels import jit
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.product.block_sweep import sweep
from gridproof.kernels.numba_settings import caching
from tests.support.demo import small_file

CALLER = """
from doubled.jit import jit
from doubled.called import FACTOR, more

@jit()
def times(x):
    return more(x) * FACTOR

found = [times(10), sum(times.stats.cache_hits.values())]
"""
CALLED = """
from doubled.jit import jit
FACTOR = {factor}

@jit()
def more(x):
    return x + {added}
"""


def test_a_change_elsewhere_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions and constants of other files; what has not changed comes from the cache. Every call imports anew."""
    package = tmp_path / "doubled"
    package.mkdir()
    shutil.copy(jit.__file__, package / "jit.py")
    (package / "caller.py").write_text(CALLER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(caching.config, "CACHE_DIR", str(tmp_path / "cache"))

    def answer(factor: int, added: int) -> list[int]:
        (package / "called.py").write_text(CALLED.format(factor=factor, added=added))
        importlib.invalidate_caches()
        found: list[int] = importlib.import_module("doubled.caller").found
        for name in [name for name in sys.modules if name.split(".")[0] == "doubled"]:
            del sys.modules[name]
        return found

    assert answer(2, 1) == [22, 0]
    assert answer(2, 1) == [22, 1]
    assert answer(3, 1) == [33, 0]
    assert answer(3, 5) == [45, 0]
    assert answer(3, 5) == [45, 1]


def test_digest_is_of_contents_in_order_of_names(tmp_path: Path) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("a")
    two.write_text("bc")
    before = jit.digest([two, one])
    assert before == jit.digest([one, two])
    two.write_text("c")
    assert jit.digest([one, two]) != before
    one.write_text("ab")
    assert jit.digest([one, two]) != before


def test_kernels_are_cached_under_their_sources() -> None:
    sources = jit.digest(Path(jit.__file__).parent.rglob("*.py"))
    assert sweep.py_func.__qualname__ == f"sweep-{sources}"


COMPILED = """
import json, sys
from numba.core.dispatcher import Dispatcher
from gridproof.sweeps.run import RunOptions, run_study
from gridproof.sweeps.study.study import load_study

run_study(load_study(sys.argv[1]), options=RunOptions(out=sys.argv[2]))
found = {}
for module in [module for name, module in sys.modules.items() if name.startswith("gridproof.")]:
    for thing in vars(module).values():
        if isinstance(thing, Dispatcher) and thing.signatures:
            found[thing.py_func.__module__ + "." + thing.py_func.__name__] = [str(one) for one in thing.signatures]
print(json.dumps(found))
"""


# Small functions: of whole numbers and of floats; of both widths of a number; with one sum, which is fast, and several.
TWICE = {
    "kernels.aggregate.marginals._fold",
    "kernels.cpu.patterns.block_patterns._at",
    "kernels.cpu.patterns.pattern_sums.add_runs",
    "kernels.cpu.patterns.pattern_sums.add_joins",
}


def test_what_a_small_run_compiles(tmp_path: Path) -> None:
    """Each function once but for small ones, verdict included, and no kernel of the product: a small grid is a list."""
    command = [sys.executable, "-c", COMPILED, str(small_file(tmp_path)), str(tmp_path / "runs")]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = {name.removeprefix("gridproof."): signatures for name, signatures in json.loads(done.stdout).items()}
    assert "kernels.cpu.scan.scan_variants" in found
    assert not [name for name in found if "product" in name]
    several = {name: signatures for name, signatures in found.items() if len(signatures) > 1}
    assert set(several) <= TWICE, several


class Fields(NamedTuple):
    values: Floats
    places: Ints


def _add_uncounted(fields: Fields, low: int, high: int) -> float:
    total = 0.0
    for at in range(low, high):
        if fields.places[at] > 0:
            total += fields.values[fields.places[at]]
        else:
            total -= fields.values[at]
    return total


def test_uncounted_functions_have_no_reference_counts() -> None:
    """The option is private to Numba: here is what it must do, and that without it counting happens."""
    fields = Fields(np.arange(4.0), np.array([1, 0, 3, 2]))
    texts = {}
    for counted in (True, False):
        function = jit.jit(counted=counted, cache=False)(
            FunctionType(_add_uncounted.__code__, globals(), f"add_{counted}")
        )
        assert function(fields, 0, 4) == 1.0 - 1.0 + 3.0 + 2.0
        (texts[counted],) = function.inspect_llvm().values()
    assert "NRT_decref" in texts[True]
    assert "NRT_decref" not in texts[False]
    assert "NRT_incref" not in texts[False]
