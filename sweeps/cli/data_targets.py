"""What data check is asked to check: studies, factor studies and monitors, by name, by file or in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.reader import FORMATS, resolve
from gridproof.signals.synthetic.factor_panel import SYNTHETIC
from gridproof.sweeps.data.data_check import DataCheck, model_tables
from gridproof.sweeps.factors.data import read_factor_data
from gridproof.sweeps.factors.study import SHIPPED_FACTORS, FactorStudy, load_factor_study
from gridproof.sweeps.monitor.monitor import SHIPPED_MONITORS, Monitor, load_monitor
from gridproof.sweeps.study.document import read_document
from gridproof.sweeps.study.key_types import parse_day
from gridproof.sweeps.study.shipped import SHIPPED
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.study.validation_errors import did_you_mean

_YAML = (".yaml", ".yml")
_Target: TypeAlias = Study | Monitor | FactorStudy


def is_market_file(target: str) -> bool:
    """Whether a target is one market file, by its ending or as arch:NAME."""
    return target.startswith("arch:") or (target.casefold().endswith(FORMATS) and not Path(target).is_dir())


def check_targets(targets: list[str], data: Path | None, on: str | None) -> dict[str, Any]:
    """Returns the record of ``data check``: files, targets, what was not checked and why, warnings and errors.

    Raises InputError where a target is none, or a study or monitor is invalid.
    """
    folders = [Path(target) for target in targets if Path(target).is_dir()]
    if len(folders) > 1 or (folders and data is not None):
        rule, got = (
            "one folder of data is checked at a time",
            " and ".join(map(str, [*folders, *([data] if data else [])])),
        )
        raise InputError(rule, got, "data check", "Name one, and studies or monitors beside it")
    folder = folders[0] if folders else data
    check = DataCheck(folder, None if on is None else parse_day(on, "--on"))
    named = [target for target in targets if not Path(target).is_dir()]
    chosen = [one for target in named for one in _load(target)]
    skipped: dict[str, str] = {}
    if folders and not named:
        chosen = [one for path in sorted(folders[0].iterdir()) if path.suffix in _YAML for one in _load(str(path))]
        shipped, skipped = _shipped_for(folders[0])
        chosen += shipped
        if not chosen:
            rule = "a folder of data has the files of a study or monitor"
            remedy = "Name the study or monitor that reads it; without its files: " + ", ".join(skipped)
            raise InputError(rule, f"none for {folders[0]}", "data check", remedy)
    for one in chosen:
        _check(check, one)
    return {
        "data": None if folder is None else str(folder),
        "files": [file.record() for file in check.files.values()],
        "targets": check.targets,
        "not_checked": skipped,
        "not_needed": _not_needed(check, folders[0]) if folders and not named else [],
        "warnings": check.warnings,
        "errors": check.errors,
    }


def _load(target: str) -> list[_Target]:
    """What a name or a file stands for; a study and a monitor may have the same name."""
    if (path := Path(target)).suffix in _YAML:
        keys = read_document(path).raw
        if "readings" in keys:
            return [load_monitor(path)]
        own = "legs" not in keys and any(key in keys for key in ("factors", "styles"))
        return [load_factor_study(path) if own else load_study(path)]
    found: list[_Target] = []
    if (SHIPPED / f"{target}.yaml").is_file():
        found.append(load_study(target))
    if (SHIPPED_MONITORS / f"{target}.yaml").is_file():
        found.append(load_monitor(target))
    if (SHIPPED_FACTORS / f"{target}.yaml").is_file():
        found.append(load_factor_study(target))
    if not found:
        rule = "data check takes a study, a monitor, a folder or a market file"
        names = [path.stem for place in (SHIPPED, SHIPPED_MONITORS, SHIPPED_FACTORS) for path in place.glob("*.yaml")]
        raise InputError(rule, target, "data check", did_you_mean(target, sorted(set(names))))
    return found


def _shipped_for(folder: Path) -> tuple[list[_Target], dict[str, str]]:
    """The shipped studies and monitors of which a folder has all files, and of the others the first that is missing.

    Those that read no file of a folder are neither.
    """
    found, skipped = list[_Target](), dict[str, str]()
    for place in (SHIPPED, SHIPPED_FACTORS, SHIPPED_MONITORS):
        for path in sorted(place.glob("*.yaml")):
            (one,) = _load(str(path))
            files = _files_of(one)
            missing = [file for file in files if not resolve(file, folder).is_file()]
            if missing:
                more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
                skipped[f"{one.name}{' (monitor)' if isinstance(one, Monitor) else ''}"] = f"no {missing[0]}{more}"
            elif files:
                found.append(one)
    return found, skipped


def _files_of(target: _Target) -> list[str]:
    """The files of a market folder that a target reads; none where its market is drawn."""
    if str(target.spec.market.path).startswith(SYNTHETIC):
        return []
    if isinstance(target, FactorStudy):
        files = [target.spec.panel.file, *(group.file or "" for group in target.spec.groups.values())]
    else:
        files = [source.file for source in target.sources()]
        tables = [table for model in target.spec.models.values() for table in model_tables(model)]
        files += [one.file for table in tables for one in (table, table.members) if one is not None]
    if isinstance(target, Study) and (panel := target.spec.panel) is not None and target.panel is not None:
        used = target.panel.formulas.columns()
        files += [panel.file, *(table.file for name, table in panel.tables.items() if name in used)]
        files += [panel.names.file] if panel.names is not None else []
    if isinstance(target, Monitor):
        files += [file for one in target.readings if one.study is not None for file in _files_of(one.study)]
    return [file for file in dict.fromkeys(files) if file and not file.startswith(("arch:", SYNTHETIC))]


def _check(check: DataCheck, target: _Target) -> None:
    if isinstance(target, Study):
        check.check_study(target)
        return
    if isinstance(target, Monitor):
        check.check_monitor(target)
        return
    file, folder, errors, warnings = target.spec.panel.file, check.data, list[str](), list[str]()
    check.check_panel(file, None, folder, target.name)
    try:
        found = read_factor_data(target, check.data)
        check.check_panel(file, found.panel, folder, target.name)
        warnings = list(found.warnings)
    except InputError as error:
        errors.append(str(error))
    check.add_target("factors", target.name, None, warnings, errors)


def _not_needed(check: DataCheck, folder: Path) -> list[str]:
    """The market files of a folder that nothing of what was checked reads."""
    needed = {resolve(file.file, folder).resolve() for file in check.files.values()}
    paths = [path for path in sorted(folder.rglob("*")) if path.name.casefold().endswith(FORMATS)]
    return [str(path.relative_to(folder)) for path in paths if path.resolve() not in needed]
