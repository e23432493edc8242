"""Mutated run folders: every kind of file, in finished and unfinished runs, and the ledger beside them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.reliability.case import LOST, ONE_LINE, SAME, SILENT, WARNED, Case
from benchmarks.reliability.folders import contents, debris, differences, distinct, replace_copy
from benchmarks.reliability.mutations import mutate_bytes, mutate_tree
from benchmarks.reliability.processes import Ended
from benchmarks.reliability.trap import Trap
from benchmarks.reliability.workbench import Workbench, fault_of

_PATIENCE = 60.0


class FuzzFolder:
    """``run`` must end with the files of the clean run, or in one line; the other commands must say the same as for the
    clean folder, or say in one line what is wrong; ``check`` must notice every change of a file that it covers."""

    group = "folder"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._has_check = _has_command("check")
        bench.warm_up(verdict=False)
        self._finished = {}
        for verdict in (False, True):
            expected = bench.undisturbed(verdict)
            out = replace_copy(bench.folder / f"undisturbed-{verdict}" / "out", bench.folder / f"finished-{verdict}")
            self._finished[verdict] = (out, expected)
        place = bench.place("unfinished")
        trap = Trap(str(place / "out"), str(place / "state"), bench.undisturbed(False).changes * 2 // 5)
        bench.start(bench.command(place / "out"), place / "log", trap).ended()
        self._unfinished = place / "out"
        self._shown: dict[tuple[bool, str], str] = {}

    def case(self, number: int) -> Case:
        bench, rng = self._bench, self._bench.random(self.group, number)
        verdict, finished = number % 10 == 9, number % 2 == 1
        place = bench.place(f"{self.group}-{number}")
        source = self._finished[verdict][0]
        out = replace_copy(source if finished else self._unfinished, place / "out")
        file = rng.choice(sorted(path for path in out.rglob("*") if path.is_file() and path.name != ".lock"))
        name = file.relative_to(out).as_posix()
        case = Case(self.group, number, f"{'finished' if finished else 'unfinished'}, {name}: ", kept=str(place))
        case.what += mutate_file(file, rng)
        replace_copy(out, place / "mutated")
        if finished:
            self._look(case, place, out, verdict, name)
        if not case.fault:
            self._run_again(case, place, out, verdict, name)
        if not case.fault:
            shutil.rmtree(place)
            case.kept = ""
        return case

    def _look(self, case: Case, place: Path, out: Path, verdict: bool, name: str) -> None:
        """The commands that read a finished run."""
        [run] = [path.name for path in out.glob("*-*") if path.is_dir()] or [""]
        commands = {"show": ["show", out / run], "sql": ["show", out / run, "--sql", "select count(*) from top"]}
        for what, command in commands.items():
            if (verdict, what) not in self._shown:
                clean = [str(part).replace(str(out), str(self._finished[verdict][0])) for part in command]
                self._shown[verdict, what] = self._bench.start(clean, place / "log-clean").ended().output
            ended = self._bench.start(list(map(str, command)), place / f"log-{what}").ended(_PATIENCE)
            fault, detail = fault_of(ended, (0, 2))
            clean_output = self._shown[verdict, what].replace(str(self._finished[verdict][0]), str(out))
            said_nothing = not ended.errors.strip() and "gridproof:" not in ended.output
            if fault == SAME and ended.code == 0 and said_nothing and ended.output.split() != clean_output.split():
                fault, detail = SILENT, f"another output: {ended.output[:200]}"
            if fault != SAME:
                case.verdict, case.detail = fault, f"{what}: {detail}"
                return
        covered = not name.startswith("ledger") and not name.endswith("timing.json")
        if self._has_check and covered:
            ended = self._bench.start(["check", str(out / run)], place / "log-check").ended(_PATIENCE)
            case.verdict, case.detail = fault_of(ended, (1, 2))
            if case.fault:
                case.detail = f"check: {case.detail}"
            case.seen["damage that check names"] = int(Path(name).name in ended.output + ended.errors)

    def _run_again(self, case: Case, place: Path, out: Path, verdict: bool, name: str) -> None:
        expected = self._finished[verdict][1]
        ended = self._bench.start(self._bench.command(out, verdict), place / "log-run").ended(_PATIENCE)
        case.verdict, case.detail = fault_of(ended, (0, 2, 3))
        if case.fault:
            case.detail = f"run: {case.detail}"
            return
        if ended.code:
            case.verdict = ONE_LINE
            case.detail = ended.last_line
            return
        said = _said(ended, name)
        wrong = differences(contents(out), expected.files)
        count = distinct(out)
        if wrong:
            case.verdict = WARNED if said else SILENT
            case.detail = f"after run: {', '.join(wrong[:5])}"
        elif count != expected.distinct and not (count == -1 and name.startswith("ledger")):
            case.verdict, case.detail = SILENT, f"the ledger counts {count} variants, {expected.distinct} are distinct"
        elif left := debris(out):
            case.verdict, case.detail = LOST, f"left behind: {', '.join(left[:6])}"
        else:
            case.verdict = SAME
            case.seen["same bytes after run"] = 1
            case.seen["with a line that names the file"] = int(said)


def _said(ended: Ended, name: str) -> bool:
    """Whether the command named the file, or its folder, in what it printed."""
    text = ended.output + ended.errors
    return Path(name).name in text or Path(name).stem.removesuffix("-rows") in text


def mutate_file(file: Path, rng: Random) -> str:
    """Change a file in place. Returns what was done, in words."""
    siblings = sorted(path for path in file.parent.iterdir() if path.is_file() and path != file)
    sibling = rng.choice(siblings) if siblings else None
    ways: dict[str, Callable[[], None]] = {
        "deleted": file.unlink,
        "replaced by a folder": lambda: (file.unlink(), file.mkdir())[0],
        "replaced by a link to nothing": lambda: (file.unlink(), os.symlink("nothing", file))[0],
        "replaced by a link to itself": lambda: (file.unlink(), os.symlink(file.name, file))[0],
        "replaced by a link to /dev/null": lambda: (file.unlink(), os.symlink(os.devnull, file))[0],
    }
    if sibling is not None:
        ways |= {
            f"replaced by {sibling.name}": lambda: (shutil.copy(sibling, file), None)[1],
            f"swapped with {sibling.name}": lambda: _swap(file, sibling),
            f"a link to {sibling.name}": lambda: (file.unlink(), os.symlink(sibling.name, file))[0],
        }
    before = file.read_bytes()
    if file.suffix == ".json" and rng.random() < 0.5:
        what, tree = mutate_tree(json.loads(before), rng)
        file.write_text(json.dumps(tree, indent=2, ensure_ascii=True), encoding="utf-8")
        return what
    if rng.random() < 0.6:
        what, after = mutate_bytes(before, rng)
        file.write_bytes(after)
        return what
    what = rng.choice(list(ways))
    ways[what]()
    return what


def _swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def _has_command(name: str) -> bool:
    from gridproof.sweeps.cli.app import app

    return any(command.name == name for command in app.registered_commands)
