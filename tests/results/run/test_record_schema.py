"""The records of a run's folder: their schemas hold for real runs, are published, and name what is written."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import get_type_hints

import jsonschema
import pytest

import gridproof as gp
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.record_schema import RECORDS, record_schema
from gridproof.results.run.summary_record import MetricsRecord
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.study import build_study
from tests.support.demo import small_study
from tests.support.market import write_market
from tests.support.rays import ROOT
from tests.support.schemas import validate
from tests.support.searched import searched


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gp.Run:
    return gp.run(small_study(), out=tmp_path_factory.mktemp("run"), verdict=False)


@pytest.mark.parametrize("name", ["summary", "timing"])
def test_a_real_run_keeps_to_its_schemas(run: gp.Run, name: str) -> None:
    record = json.loads((run.folder / f"{name}.json").read_text())
    schema = record_schema(name)
    validate(record, schema)
    for key in record:
        with pytest.raises(jsonschema.ValidationError):
            validate({other: value for other, value in record.items() if other != key}, schema)
    with pytest.raises(jsonschema.ValidationError):
        validate(record | {"another": 1}, schema)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("base", "in_sample", "sharpe"), "high"),
        (("base", "in_sample", "luck"), 1.0),
        (("window", "from"), None),
        (("axes", 0, "values"), 3),
        (("best", "equal"), None),
        (("histogram", "counts"), ["many"]),
    ],
)
def test_a_wrong_value_is_seen(run: gp.Run, path: tuple[str | int, ...], value: object) -> None:
    record = copy.deepcopy(run.summary)
    part: object = record
    for step in path[:-1]:
        part = part[step]  # type: ignore[index]
    part[path[-1]] = value  # type: ignore[index]
    with pytest.raises(jsonschema.ValidationError):
        validate(record, record_schema("summary"))


def test_a_sample_without_a_date_of_publication_keeps_to_the_schema(tmp_path: Path) -> None:
    raw = small_study().document.raw
    window = {key: value for key, value in raw["window"].items() if key != "published"}
    study = build_study(Document("unpublished.yaml", raw | {"window": window}, {}))
    found = gp.run(study, out=tmp_path, sample=20, verdict=False).summary
    assert found["base"]["after_publication"] is None
    validate(found, record_schema("summary"))


def test_a_study_with_turning_points_keeps_to_the_schema(tmp_path: Path) -> None:
    write_market(tmp_path)
    found = gp.run(searched(), tmp_path, out=tmp_path / "runs", sample=20, verdict=False).summary
    assert "hindsight" in found["base"]
    validate(found, record_schema("summary"))


def test_metrics_are_those_of_the_table() -> None:
    assert list(get_type_hints(MetricsRecord)) == [*METRICS, "exposure_by_leg"]


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_schemas_are_published(name: str) -> None:
    published = ROOT / "docs" / "schemas" / f"{name}.schema.json"
    text = json.dumps(record_schema(name), indent=2) + "\n"
    assert published.read_text() == text, f"write record_schema({name!r}) to {published.relative_to(ROOT)}"


def test_there_is_no_other_record() -> None:
    with pytest.raises(gp.InputError, match="record_schema: the record must be one that has a schema; got diary"):
        record_schema("diary")


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        gp.InputError, match=r"zzz: a finished run's folder must contain summary\.json; got no such folder"
    ):
        gp.open_run(tmp_path / "zzz")
    with pytest.raises(
        gp.InputError, match=r"must contain summary\.json; got no summary\.json\. Name the folder of a finished"
    ):
        gp.open_run(tmp_path)
