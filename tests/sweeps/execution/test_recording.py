"""What runs record in the ledger while they work: no run is missed, and nothing counts twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gridproof as gp
from gridproof.kernels.aggregate.surfaces import several_pairs
from gridproof.results.ledger.ledger import ledger_rows
from gridproof.results.run.tiles import Tiles
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.plan.grid import ProductGrid
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.sample import draw_variants
from gridproof.sweeps.run import run_study
from tests.support.command import gridproof
from tests.support.demo import small_study
from tests.support.market import study_text, write_market
from tests.support.observers import StopAt
from tests.support.tiny import tiny_grid


def only(folder: Path) -> tuple[int, int, int]:
    [row] = ledger_rows(folder / "ledger")
    return row.runs, row.evaluated, row.distinct


def test_runs_are_counted_as_they_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, size = small_study(), small_study().space.size
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: ProductGrid(plan, 10))

    with pytest.raises(KeyboardInterrupt):
        run_study(study, None, RunOptions(tmp_path, verdict=False, tile_pieces=2), StopAt(new=60))
    finished = Tiles(next(tmp_path.glob("*/tiles")))
    evaluated = int(finished.tally().counters[0])
    assert 0 < evaluated < size
    assert only(tmp_path) == (1, evaluated, evaluated), "an abandoned run counts"
    gp.run(study, out=tmp_path, verdict=False)
    assert only(tmp_path) == (1, size, size), "resumed, it is the same run"
    gp.run(study, out=tmp_path, verdict=False)
    assert len(list((tmp_path / "ledger").iterdir())) == 2, "a run that is only read records nothing"
    monkeypatch.undo()
    gp.run(study, out=tmp_path, backend="reference", verdict=False)
    assert only(tmp_path) == (2, 2 * size, size), "another backend evaluates the same variants"
    gp.run(study.set({"window.to": "2013-12-31", "fork.window": [20, 30, 50]}), out=tmp_path, verdict=False)
    assert only(tmp_path) == (3, 3 * size, size + size // 3), "a window that ends earlier holds the same variants"


def test_a_tile_is_recorded_before_it_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Tiles, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            gp.run(tiny_grid(), out=tmp_path, verdict=False)
    assert not list(tmp_path.glob("*/tiles/*.npz"))
    assert only(tmp_path)[2] == tiny_grid().space.size
    # The line torn, as by a kill while it is written: the tile is not there either, and both are made again.
    file = next((tmp_path / "ledger").iterdir())
    file.write_bytes(file.read_bytes()[:-2])
    assert ledger_rows(tmp_path / "ledger")[0].distinct == 0
    gp.run(tiny_grid(), out=tmp_path, verdict=False)
    assert only(tmp_path) == (1, tiny_grid().space.size, tiny_grid().space.size)


def test_tiles_that_were_saved_count_again_where_the_ledger_was_lost(tmp_path: Path) -> None:
    run = gp.run(tiny_grid(), out=tmp_path, verdict=False)
    for path in (tmp_path / "ledger").iterdir():
        path.unlink()
    (run.folder / "summary.json").unlink()
    gp.run(tiny_grid(), out=tmp_path, verdict=False)
    assert only(tmp_path) == (1, tiny_grid().space.size, tiny_grid().space.size)


def test_a_sample_counts_its_points_and_what_its_report_shows(tmp_path: Path) -> None:
    study = tiny_grid()
    space = study.space
    gp.run(study, out=tmp_path, sample=40, verdict=False)
    shown = {int(each) for x, y in several_pairs(space.dims) for each in space.slice_through_base(x, y)}
    expected = len({int(index) for index in draw_variants(study, 40)} | {space.base_index} | shown)
    assert expected < space.size
    assert only(tmp_path) == (1, expected, expected)
    gp.run(study, out=tmp_path, sample=50, verdict=False)
    assert only(tmp_path)[0] == 2
    gp.run(study, out=tmp_path, verdict=False)
    assert only(tmp_path)[2] == space.size, "a point inside a finished grid counts once"


def test_a_sample_is_recorded_a_tile_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "ListedGrid", lambda plan, variants: ListedGrid(plan, variants, 8))
    with pytest.raises(KeyboardInterrupt):
        gp.run(tiny_grid(), out=tmp_path, sample=40, observer=StopAt(new=24), verdict=False)
    assert only(tmp_path) == (1, 16, 16)


def test_command(tmp_path: Path) -> None:
    write_market(tmp_path)
    (tmp_path / "study.yaml").write_text(study_text())
    assert "the ledger folder must exist" in gridproof("ledger", "--out", tmp_path / "runs", expect=2).stderr
    for change in ("rate.window=20,40", "rate.window=20,30"):
        gridproof("run", tmp_path / "study.yaml", "--data", tmp_path, "--out", tmp_path / "runs", "--set", change)
    record = json.loads(gridproof("ledger", "--out", tmp_path / "runs", "--json").stdout)
    [market] = record["markets"]
    assert market["market"] == "index.csv[000300].close + index.csv[000852].close"
    assert (market["runs"], market["evaluated"], market["distinct"]) == (2, 576, 432)
    assert market["strategies"][0]["studies"] == ["small"]
    text = gridproof("ledger", "--out", tmp_path / "runs").stdout
    assert "index.csv[000852].close" in text
    assert text.split()[-4:] == ["all", "2", "576", "432"]
