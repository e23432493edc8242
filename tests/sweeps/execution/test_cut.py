"""The cut of a grid into pieces: recorded with a run and kept when it is resumed; tiles of another are refused."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import Backend, cuda_planner, resolve
from gridproof.kernels.cpu import latch
from gridproof.kernels.cuda import evaluate as cuda
from gridproof.kernels.problem import Problem
from gridproof.results.run.store import CUT, Store
from gridproof.results.run.tile_file import read_tile, write_tile
from gridproof.sweeps.execution import executor as executor_module
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.execution.collect import complete_tally
from gridproof.sweeps.plan import grid as grid_module
from gridproof.sweeps.plan.grid import Grid, ProductGrid, cut_alike
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.piece import Cut
from gridproof.sweeps.plan.sample import draw_sample
from tests.support.demo import small_plan, small_study
from tests.support.executors import contents
from tests.support.observers import Heard, StopAt
from tests.support.shim.device import ShimDevice
from tests.support.tiny import tiny_grid, tiny_plan


@pytest.fixture
def reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rows are kept, and pieces of at most 50 variants are reduced by the backend."""
    for module in (sweep_module, grid_module):
        monkeypatch.setattr(module, "ROWS_KEPT", 10)
    monkeypatch.setattr(cuda.CudaReducer, "most", 50)


def total(run: gp.Run) -> int:
    histogram = run.summary["whole_grid"]["histogram"]
    return sum(histogram["counts"]) + histogram["below"] + histogram["above"] + histogram["undefined"]


@pytest.mark.usefixtures("reduced")
def test_a_run_goes_on_with_its_cut_on_a_driver_without_a_gpu(
    shim: ShimDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun where a GPU reduces the pieces, resumed where only workers have one: the same pieces, all evaluated."""
    gpu = Backend("cuda", latch.latch_paths, partial(cuda.bind, shim), cuda_planner().reduction)
    monkeypatch.setattr(executor_module, "resolve", lambda name: gpu if name == "cuda" else resolve(name))
    whole = gp.run(small_study(), out=tmp_path / "whole", backend="cuda", verdict=False)
    for stop in (1, 60):
        with pytest.raises(KeyboardInterrupt):
            gp.run(small_study(), out=tmp_path / "out", backend="cuda", verdict=False, observer=StopAt(new=stop))
    folder = next((tmp_path / "out").glob("us-demo-*"))
    begun = json.loads((folder / CUT).read_text())
    assert begun["reduced"]
    assert begun["target"] == 50
    assert Store(folder).tiles.finished()

    # As before a cut was recorded: this driver knows nothing of reductions, and would cut the grid otherwise.
    headless = Backend("cuda", latch.latch_paths, partial(cuda.bind, shim))
    monkeypatch.setattr(executor_module, "resolve", lambda name: headless if name == "cuda" else resolve(name))
    run = gp.run(small_study(), out=tmp_path / "out", backend="cuda", verdict=False)
    assert json.loads((folder / CUT).read_text()) == begun
    assert total(run) == run.summary["evaluated"] == run.summary["variants"] == small_study().space.size
    assert contents(run.folder) == contents(whole.folder)


@pytest.mark.usefixtures("reduced")
def test_pieces_that_this_backend_cannot_reduce_are_an_environment_mismatch(
    shim: ShimDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bind(problem: Problem) -> cuda.CudaEvaluator:
        return cuda.CudaEvaluator(shim, problem)

    listing = Backend("cuda", latch.latch_paths, bind, cuda_planner().reduction)
    monkeypatch.setattr(executor_module, "resolve", lambda name: listing if name == "cuda" else resolve(name))
    with pytest.raises(gp.IncompleteError, match="environment mismatch: this run's pieces are reduced by its backend"):
        gp.run(small_study(), out=tmp_path, backend="cuda", verdict=False)


def stopped(out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run that is stopped between two of its tiles."""
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: ProductGrid(plan, 10))
    with pytest.raises(KeyboardInterrupt):
        gp.run(tiny_grid(), out=out, observer=StopAt(new=60), verdict=False)
    return next(out.glob("tiny-*"))


OTHERS = pytest.mark.slow("a changed target, a cut text and a lost file are tested in make test, as all else is read")


@pytest.mark.parametrize("some", ["target", pytest.param("others", marks=OTHERS)])
def test_a_cut_that_is_lost_or_changed_is_written_again(
    some: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles of the cut that the run begins with stay; those of another cut are evaluated again, never believed."""
    folder = stopped(tmp_path / "out", monkeypatch)
    whole = contents(gp.run(tiny_grid(), out=tmp_path / "whole", verdict=False).folder)
    text = (folder / CUT).read_text()
    record = json.loads(text)
    others = (record | {"pieces": 3}, record | {"form": "heap"}, record | {"width": 3})
    contents_of = {
        "target": (json.dumps(record | {"target": 7}), text[:20]),
        "others": (*map(json.dumps, others), "", "[]"),
    }
    for content in contents_of[some]:
        copy = tmp_path / "copy" / folder.name
        shutil.rmtree(copy.parent, ignore_errors=True)
        shutil.copytree(folder, copy)
        (copy / CUT).write_text(content)
        heard = Heard()
        run = gp.run(tiny_grid(), out=copy.parent, verdict=False, observer=heard)
        assert contents(run.folder) == whole
        assert sum("cut.json cannot be used and is written again" in text for text in heard.notices) == 1
        assert run.timing["variants_evaluated_in_this_call"] < tiny_grid().space.size
    (folder / CUT).unlink()
    assert contents(gp.run(tiny_grid(), out=tmp_path / "out", verdict=False).folder) == whole


def test_tiles_of_another_cut_are_evaluated_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stopped(tmp_path, monkeypatch)
    count = len(Store(folder).tiles.finished())
    (folder / CUT).unlink()
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: ProductGrid(plan, 7))
    heard = Heard()
    run = gp.run(tiny_grid(), out=tmp_path, verdict=False, observer=heard)
    (notice,) = [text for text in heard.notices if not text.startswith("read ")]
    assert f"{count} tiles are damaged or of another run, removed and evaluated again" in notice
    assert total(run) == run.timing["variants_evaluated_in_this_call"] == tiny_grid().space.size


@pytest.mark.parametrize("part", ["counters", "histogram"])
def test_tiles_whose_counts_are_wrong_are_evaluated_again(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the checksum is right."""
    folder = stopped(tmp_path, monkeypatch)
    tile = sorted(folder.glob("tiles/*.npz"))[0]
    label, tally = read_tile(tile)
    counts = getattr(tally, part)
    counts[counts.argmax()] += 3
    write_tile(tile, label, tally)
    heard = Heard()
    run = gp.run(tiny_grid(), out=tmp_path, verdict=False, observer=heard)
    assert "variants in a tile of" in "\n".join(heard.notices)
    assert total(run) == tiny_grid().space.size


def test_a_missing_tile_is_seen_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stopped(tmp_path, monkeypatch)
    counted = int(Store(folder).tiles.tally().counters[0])
    with pytest.raises(RuntimeError, match=rf"{counted} variants are counted.* of 192 to be evaluated"):
        complete_tally(Store(folder), ProductGrid(tiny_plan(), 10))


@pytest.mark.parametrize("form", ["pieces of ten", "reduced", "list", "sample"])
def test_a_grid_cut_alike_has_the_same_pieces(form: str) -> None:
    plan, size = small_plan(), small_study().space.size
    grids: dict[str, Grid] = {
        "pieces of ten": ProductGrid(plan, 10),
        "reduced": ProductGrid(plan, 50, reduced=True),
        "list": ListedGrid(plan, range(size), 30),
        "sample": ListedGrid(plan, draw_sample(size, 60), 7),
    }
    grid = grids[form]
    other = ProductGrid(plan) if grid.size == size else ListedGrid(plan, draw_sample(size, grid.size))
    alike = cut_alike(other, grid.cut)
    assert alike.cut == grid.cut != other.cut
    for number in range(grid.pieces):
        np.testing.assert_array_equal(alike.variants(number), grid.variants(number))
    with pytest.raises(gp.InputError, match="a run must be resumed with the pieces with which it was begun"):
        cut_alike(other, Cut("product", 10, False, grid.size + 1, 3))
