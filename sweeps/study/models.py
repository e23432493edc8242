"""The models of a file: what is checked of them, and what identifies one."""

from __future__ import annotations

import json

from gridproof.kernels.errors import InputError
from gridproof.signals.data.release import Release
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.model_spec import ModelSpec
from gridproof.sweeps.study.series_spec import SeriesFileSpec, SeriesSpec
from gridproof.sweeps.study.validation_errors import did_you_mean

# The keys that a series of a model may have.
_OF_MODEL = {"model", "field", "release"}


def check_models(spec: SeriesFileSpec, document: Document) -> None:
    """Check that each series is of a file or of a model of this file, and what each model names.

    Raises InputError for the first fault.
    """
    for name, one in spec.series.items():
        path = ("series", name)
        if one.model is None:
            if not one.file:
                raise InputError("missing key `file`", "none", document.where(path), "Add `file:`, or `model:`")
            continue
        for key in sorted(one.model_fields_set - _OF_MODEL):
            rule, remedy = "a series of a model has model, field and release", f"Remove {key}"
            raise InputError(rule, key, document.where((*path, key)), remedy)
        if one.model not in spec.models:
            rule, remedy = "model names a key of models", did_you_mean(one.model, spec.models)
            raise InputError(rule, one.model, document.where((*path, "model")), remedy)
    for name, model in spec.models.items():
        _check_model(spec, name, model, document)
    if spec.market.calendar in spec.series and spec.series[spec.market.calendar].model is not None:
        rule, remedy = "the calendar is a series of a file", "Name a series with a value on every trading day"
        raise InputError(rule, spec.market.calendar, document.where(("market", "calendar")), remedy)


def _check_model(spec: SeriesFileSpec, name: str, model: ModelSpec, document: Document) -> None:
    path = ("models", name)
    if (model.positions is None) == (model.nowcast is None):
        found = "neither" if model.positions is None else "both"
        raise InputError("a model has positions: or nowcast:", found, document.where(path), "Write one of the two")
    if model.nowcast is None:
        return
    names = [model.nowcast.target, *model.nowcast.indicators]
    for each in names:
        where = document.where((*path, "nowcast", "target" if each == names[0] else "indicators"))
        if each not in spec.series or spec.series[each].model is not None or names.count(each) > 1:
            rule, remedy = "a nowcast names series of files, each once", did_you_mean(each, spec.series)
            raise InputError(rule, each, where, remedy)
        release_of(each, spec.series[each], document.where(("series", each)))


def release_of(name: str, one: SeriesSpec, where: str) -> Release:
    """The release of a series that a model reads. Raises InputError where it has none, or several."""
    release = one.release
    if not isinstance(release, tuple) or len(release) != 1:
        rule, remedy = "a series that a model reads has one release", "Write release: N calendar days, or a date column"
        raise InputError(rule, f"{'no release' if release is None else 'several'} of {name}", where, remedy)
    return Release.parse(release[0], where)


def model_text(spec: SeriesFileSpec, name: str) -> str:
    """A text that is the same for equal models of equal series, whatever these are called in the file."""
    model = spec.models[name].model_dump(mode="json", by_alias=True, exclude_none=True)
    if spec.models[name].nowcast is not None:
        for key, each in (("target", [model["nowcast"]["target"]]), ("indicators", model["nowcast"]["indicators"])):
            named = [spec.series[one].model_dump(mode="json", exclude_none=True) for one in each]
            model["nowcast"][key] = sorted(named, key=json.dumps)
    return json.dumps(model, sort_keys=True, ensure_ascii=False)
