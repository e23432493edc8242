"""Mutated study files: bytes, lines, and values, keys and types of the YAML tree."""

from __future__ import annotations

import shutil
from random import Random
from typing import Any

import yaml

from benchmarks.reliability.case import ONE_LINE, OTHER_INPUT, SAME, SILENT, Case
from benchmarks.reliability.folders import contents
from benchmarks.reliability.mutations import mutate_bytes, mutate_tree
from benchmarks.reliability.processes import Ended, forked
from benchmarks.reliability.workbench import Workbench, fault_of

# A sample keeps the work small however large a mutated grid is.
_SAMPLE = 64
PATIENCE = 40.0


class FuzzStudies:
    """A mutated study is refused in one line, or it is a study: a text of equal meaning has an equal result."""

    group = "studies"

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._text = bench.study.read_text(encoding="utf-8")
        self._raw = yaml.safe_load(self._text)
        place = bench.place("studies-clean")
        for _ in range(2):  # the first one compiles
            ended = self._run(place, self._text.encode())
        if ended.code:
            raise RuntimeError(f"the clean study failed: {ended.errors}")
        self._clean = contents(place / "out")

    def _run(self, place: Any, text: bytes) -> Ended:
        study = place / "study.yaml"
        study.write_bytes(text)
        command = ["run", study, "--data", self._bench.data, "--out", place / "out", "--no-verdict"]
        return forked([*command, "--sample", _SAMPLE], 0, place / "log").ended(PATIENCE)

    def case(self, number: int) -> Case:
        rng = self._bench.random(self.group, number)
        what, text = self._mutated(rng)
        place = self._bench.place(f"{self.group}-{number}")
        case = Case(self.group, number, what, kept=str(place))
        ended = self._run(place, text)
        case.verdict, case.detail = fault_of(ended, (0, 2))
        if not case.fault:
            case.verdict, case.detail = self._judged(ended, text, place)
        if not case.fault:
            shutil.rmtree(place)
            case.kept = ""
        return case

    def _judged(self, ended: Ended, text: bytes, place: Any) -> tuple[str, str]:
        if ended.code:
            lines = [line for line in ended.errors.splitlines() if line.strip()]
            return ONE_LINE, "" if len(lines) == 1 else f"{len(lines)} lines: {lines[-1][:200]}"
        same = contents(place / "out") == self._clean
        try:
            raw = yaml.load(text.decode("utf-8-sig"), _UniqueKeys)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            return (SAME, "") if same else (SILENT, f"a plain reader refuses it: {' '.join(str(error).split())[:200]}")
        if repr(raw) == repr(self._raw) and not same:
            return SILENT, "a text of the same meaning has another result"
        return (SAME if same else OTHER_INPUT), ""

    def _mutated(self, rng: Random) -> tuple[str, bytes]:
        kind = rng.choices(("bytes", "line", "tree"), (2, 2, 6))[0]
        if kind == "bytes":
            return mutate_bytes(self._text.encode(), rng)
        if kind == "tree":
            what, tree = mutate_tree(self._raw, rng)
            for _ in range(rng.choice((0, 0, 0, 1))):
                try:
                    more, tree = mutate_tree(tree, rng)
                except (TypeError, IndexError):
                    break
                what += f"; {more}"
            return what, yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")
        lines = self._text.splitlines(keepends=True)
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        what = rng.choice(("removed", "doubled", "swapped", "indented", "outdented", "with a tab", "as a comment"))
        changed = {
            "removed": [],
            "doubled": [lines[at], lines[at]],
            "swapped": [lines[other]],
            "indented": ["  " + lines[at]],
            "outdented": [lines[at].lstrip(" ")],
            "with a tab": ["\t" + lines[at]],
            "as a comment": ["# " + lines[at]],
        }[what]
        if what == "swapped":
            lines[other] = lines[at]
        return f"line {at + 1} {what}", "".join(lines[:at] + changed + lines[at + 1 :]).encode()


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which no key occurs twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
        if len({repr(key) for key in keys}) < len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key occurs twice", node.start_mark)
        return super().construct_mapping(node, deep)
