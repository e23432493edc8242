"""The command line, as a person would call it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml

import gridproof as gp
from gridproof.kernels.backend import NAMES
from gridproof.kernels.cuda.availability import gpu_answers
from gridproof.sweeps.search.samplers import SAMPLERS
from tests.support.command import gridproof
from tests.support.demo import SMALL, small_file, small_study
from tests.support.schemas import validate


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_file(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def run_folder(study: Path) -> Path:
    done = gridproof("run", study, "--out", study.parent, "--top", 3, "--no-verdict")
    assert "192 variants" in done.stdout
    folder = Path(done.stdout.split()[-1]).parent
    assert (folder / "report.html").is_file()
    return folder


def test_help_names_every_command() -> None:
    text = gridproof("--help").stdout
    for command in ("run", "point", "explain", "show", "report", "operators", "ledger", "synth", "schema", "demo"):
        assert command in text


def test_point_json_and_curve(study: Path, tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    done = gridproof("point", study, "lag=2", "cost=0.002", "trend.window=100", "--json", "--curve", curve)
    record = json.loads(done.stdout)
    assert record["parameters"]["execution.lag"] == 2
    assert record["parameters"]["trend.window"] == 100
    frame = pd.read_csv(curve)
    assert {"date", "rate.value", "rate.state", "weight.cash", "return", "cost", "nav", "drawdown"} < set(frame)
    np.testing.assert_allclose(frame["nav"], (1 + frame["return"]).cumprod())
    assert record == gp.point(small_study(), {"lag": 2, "cost": 0.002, "trend.window": 100}).record()


def test_point_for_people(study: Path) -> None:
    text = gridproof("point", study).stdout
    assert "max_drawdown" in text
    assert "after publication" in text


def test_the_steps_of_a_study_are_explained(study: Path) -> None:
    text = gridproof("explain", study).stdout
    assert "pct_change(baa, window)" in text
    assert "known from" in text


def test_set_narrows_the_grid_and_moves_the_base(study: Path, tmp_path: Path) -> None:
    text = gridproof(
        "run", study, "--out", tmp_path, "--set", "fork.window=20:24:2", "--set", "lag=2", "--no-verdict"
    ).stdout
    assert "96 variants" in text
    resolved = yaml.safe_load(next(tmp_path.glob("*/study.yaml")).read_text())
    assert resolved["signals"]["fork"]["window"] == {"from": 20, "to": 24, "step": 2}
    assert resolved["base"]["execution.lag"] == 2


def test_show_and_sql(run_folder: Path) -> None:
    shown = gridproof("show", run_folder).stdout
    assert "differs from the base" in shown
    windows = re.findall(r"window=([\d.]+)", shown)
    assert windows
    assert all(window.isdigit() for window in windows), "windows are whole numbers"
    text = gridproof("show", run_folder, "--sql", "SELECT count(*) AS n FROM variants").stdout
    assert text.split() == ["n", "192"]


def test_report_is_written_anew(run_folder: Path) -> None:
    before = (run_folder / "report.html").read_bytes()
    (run_folder / "report.html").unlink()
    gridproof("report", run_folder)
    assert (run_folder / "report.html").read_bytes() == before


def test_no_run_there(tmp_path: Path) -> None:
    for command in (("show",), ("report",), ("show", "--sql", "SELECT 1 FROM variants")):
        done = gridproof(*command[:1], tmp_path, *command[1:], expect=2)
        assert len(done.stderr.strip().splitlines()) == 1


def test_schema_accepts_the_shipped_studies_and_rejects_slips(tmp_path: Path) -> None:
    gridproof("schema", "--out", tmp_path / "schema.json")
    schema = json.loads((tmp_path / "schema.json").read_text())
    for name in ("us-demo", "microcap-rotation", "microcap-rate-timing"):
        raw = gp.load_study(name).document.raw
        validate(raw, schema)
        slip = json.loads(json.dumps(raw))
        slip["signals"]["rate"]["latch"]["on_abov"] = slip["signals"]["rate"]["latch"].pop("on_above")
        with pytest.raises(jsonschema.ValidationError):
            validate(slip, schema)


@pytest.mark.skipif(gpu_answers(), reason="a GPU answers here")
def test_cuda_is_refused_not_replaced(study: Path, tmp_path: Path) -> None:
    done = gridproof("run", study, "--backend", "cuda", "--out", tmp_path, expect=2)
    assert "the backend must be one that can run here; got cuda" in done.stderr
    assert not list(tmp_path.iterdir())


def test_names_may_be_short_where_they_are_clear() -> None:
    study = small_study()
    assert study.resolve("lag") == "execution.lag"
    assert study.set(SMALL).resolve("release") == "baa.release"
    with pytest.raises(gp.InputError, match=r"one axis of the study; got window\. Use .*rate.window"):
        study.resolve("window")


def test_a_place_that_cannot_be_written_is_one_line(study: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for command in (
        ("point", study, "--curve", tmp_path / "none/curve.csv"),
        ("schema", "--out", tmp_path / "none/schema.json"),
        ("run", study, "--out", tmp_path / "file"),
    ):
        done = gridproof(*command, expect=2)
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.stderr.startswith("gridproof: ")
        assert str(tmp_path) in done.stderr


def test_an_unknown_study_and_a_folder_without_a_run_say_what_is_there(tmp_path: Path) -> None:
    unknown = gridproof("point", "us-dmo", expect=2).stderr
    assert unknown == "gridproof: STUDY: a study is a file or a shipped study; got us-dmo. Did you mean us-demo.\n"
    missing = gridproof("show", tmp_path, expect=2).stderr
    assert (
        "a finished run's folder must contain summary.json; got no summary.json. Name the folder of a finished run."
        in missing
    )


def test_help_names_the_backends_and_samplers_there_are() -> None:
    run, search = gridproof("run", "--help").stdout, gridproof("search", "--help").stdout
    assert all(name in run for name in NAMES)
    assert all(name in search for name in SAMPLERS)


def test_exit_codes_are_documented() -> None:
    text = " ".join(gridproof("--help").stdout.split())
    assert all(f"{code} " in text.split("Exit codes: ")[1] for code in (0, 2, 3, 130))


def test_a_mapping_is_a_study_too() -> None:
    raw = gp.load_study("us-demo").document.raw
    assert gp.load_study(raw).to_yaml() == gp.load_study("us-demo").to_yaml()
    with pytest.raises(gp.InputError, match=r"^study execution\.lag: .*; got 0"):
        gp.load_study(raw | {"execution": {"lag": 0, "cost": 0.001}})


def test_a_run_shows_itself(run_folder: Path) -> None:
    run = gp.open_run(run_folder)
    assert repr(run).startswith(f"Run('{run_folder}': us-demo, 192 variants, best sharpe 0.")
    page = run._repr_html_()
    assert "Max drawdown" in page
    assert "best, after publication" in page
    assert repr(gp.Run(run_folder.parent)) == f"Run('{run_folder.parent}': not finished)"


def test_schemas_of_a_runs_records(run_folder: Path) -> None:
    for name in ("summary", "timing"):
        schema = json.loads(gridproof("schema", "--of", name).stdout)
        validate(json.loads((run_folder / f"{name}.json").read_text()), schema)
    assert (
        "--of: the schema must be that of a study, of a monitor or of a record of a run; got summery. Use one of study"
        in gridproof("schema", "--of", "summery", expect=2).stderr
    )
