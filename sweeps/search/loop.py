"""The loop of a search: ask, evaluate, record in the ledger, tell; until its trials are done or it stagnates."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import SearchObjective
from gridproof.sweeps.search.progress import Rank, SearchProgress
from gridproof.sweeps.search.trial_evaluation import TrialEvaluator, TrialResult
from gridproof.sweeps.study.values import Value

# ``record(choices)``: told of what was evaluated, before Optuna is.
Recorder = Callable[[Sequence[Choice]], None]
Key = tuple[Value, ...]

Watch = Callable[[SearchProgress], None]
Enough = Callable[[], str | None]


class Search:
    """One Optuna study on one ground. Only this process asks and tells.

    required: there are requirements. all_of_them: as ``Dimensions.suggest`` has it.
    """

    def __init__(
        self,
        study: optuna.Study,
        dimensions: Dimensions,
        finder: TrialEvaluator,
        aims: Sequence[SearchObjective],
        record: Recorder,
        required: bool,
        all_of_them: bool = False,
    ) -> None:
        self._study, self._dimensions, self._finder = study, dimensions, finder
        self._aims, self._record, self._required = aims, record, required
        self._all_of_them = all_of_them
        self._known: dict[Key, FrozenTrial] = {}
        self._silent: dict[Key, int] = {}
        self.before: list[Choice] = []  # what was evaluated by earlier calls
        self.standing = SearchProgress(0)
        self.seconds = {"asking": 0.0, "evaluating": 0.0, "telling": 0.0}
        for trial in study.get_trials(deepcopy=False):
            choice = dimensions.completed(trial.params)
            if trial.state == TrialState.PRUNED:
                self._silent.setdefault(_key(choice), trial.number)
                self._count(choice, trial.user_attrs["cells"])
                self._said_nothing(trial.user_attrs["why"])
            elif trial.state == TrialState.COMPLETE:
                self._known.setdefault(_key(choice), trial)
                self._count(choice, trial.user_attrs["found"]["cells"])
                self.standing.repeated += "repeats" in trial.user_attrs
                self._note(tuple(trial.values), trial.user_attrs["found"]["violation"])

    def trials(self) -> list[FrozenTrial]:
        """Those that say something."""
        return self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def _count(self, choice: Choice, cells: int) -> None:
        self.standing.cells += cells
        if cells:
            self.before.append(choice)

    def go(self, trials: int, batch: int, patience: int | None, observer: Watch, enough: Enough) -> str:
        """Until ``trials`` are finished in all; why it stopped. A batch is asked for together, told in its order."""
        standing = self.standing
        standing.trials = trials
        observer(standing)
        while standing.finished < trials:
            if patience is not None and standing.since >= patience:
                return f"no better trial among the last {standing.since}"
            if (why := enough()) is not None:
                return why
            asked = self._ask(min(batch, trials - standing.finished))
            fresh = self._fresh(asked)
            self._evaluate(fresh)
            own = {trial.number for trial, _ in fresh}
            for trial, choice in asked:
                if trial.number not in own:
                    self._tell_repeat(trial, choice)
            observer(standing)
        return "all trials are done"

    def _ask(self, count: int) -> list[tuple[Trial, Choice]]:
        began = time.perf_counter()
        asked = []
        for _ in range(count):
            trial = self._study.ask()
            asked.append((trial, self._dimensions.suggest(trial, self._all_of_them)))
        self.seconds["asking"] += time.perf_counter() - began
        return asked

    def _fresh(self, asked: Sequence[tuple[Trial, Choice]]) -> list[tuple[Trial, Choice]]:
        """Those that no trial evaluated, each once though a batch may propose it twice."""
        fresh: dict[Key, tuple[Trial, Choice]] = {}
        for trial, choice in asked:
            if (key := _key(choice)) not in self._known and key not in self._silent:
                fresh.setdefault(key, (trial, choice))
        return list(fresh.values())

    def _evaluate(self, fresh: Sequence[tuple[Trial, Choice]]) -> None:
        if not fresh:
            return
        began = time.perf_counter()
        findings = self._finder.find([choice for _, choice in fresh])
        self.seconds["evaluating"] += time.perf_counter() - began
        began = time.perf_counter()
        self._record([choice for (_, choice), found in zip(fresh, findings, strict=True) if found.cells])
        for (trial, choice), finding in zip(fresh, findings, strict=True):
            self._tell(trial, choice, finding)
        self.seconds["telling"] += time.perf_counter() - began

    def _tell(self, trial: Trial, choice: Choice, finding: TrialResult) -> None:
        self.standing.cells += finding.cells
        self.standing.new_cells += finding.cells
        if not finding.values:
            self._silent[_key(choice)] = trial.number
            self._say_nothing(trial, finding.why, finding.cells)
            return
        trial.set_user_attr("found", finding.record())
        self._constrain(trial, finding.violation)
        self._known[_key(choice)] = self._study.tell(trial, list(finding.values))
        self._note(finding.values, finding.violation)

    def _constrain(self, trial: Trial, violation: float) -> None:
        if self._required:  # samplers that know no constraints warn of one, even of one that is met
            trial.set_constraint("requirements", violation)

    def _tell_repeat(self, trial: Trial, choice: Choice) -> None:
        """What was evaluated before is not evaluated again."""
        began = time.perf_counter()
        if (before := self._known.get(key := _key(choice))) is None:
            trial.set_user_attr("repeats", self._silent[key])
            self._say_nothing(trial, f"the same as trial {self._silent[key]}, which said nothing")
            self.seconds["telling"] += time.perf_counter() - began
            return
        trial.set_user_attr("found", {**before.user_attrs["found"], "cells": 0})
        trial.set_user_attr("repeats", before.number)
        self._constrain(trial, before.user_attrs["found"]["violation"])
        self._study.tell(trial, list(before.values))
        self.standing.repeated += 1
        self._note(tuple(before.values), before.user_attrs["found"]["violation"])
        self.seconds["telling"] += time.perf_counter() - began

    def _say_nothing(self, trial: Trial, why: str, cells: int = 0) -> None:
        trial.set_user_attr("cells", cells)
        trial.set_user_attr("why", why)
        # Pruned, not failed: samplers learn from the one that there is nothing to be found, and nothing of the other.
        self._study.tell(trial, state=TrialState.PRUNED)
        self._said_nothing(why)

    def _said_nothing(self, why: str) -> None:
        self.standing.empty += 1
        self.standing.finished += 1
        self.standing.since += 1
        self.standing.complaints[why] = self.standing.complaints.get(why, 0) + 1

    def _note(self, values: tuple[float, ...], violation: float) -> None:
        standing = self.standing
        standing.finished += 1
        front = standing.front
        if any(_dominates(other, (values, violation), self._aims) or other == (values, violation) for other in front):
            standing.since += 1
            return
        standing.since = 0
        front[:] = [other for other in front if not _dominates((values, violation), other, self._aims)]
        front.append((values, violation))
        sign = -1.0 if self._aims[0].maximise else 1.0
        front.sort(key=lambda each: sign * each[0][0])


def _dominates(one: Rank, other: Rank, aims: Sequence[SearchObjective]) -> bool:
    """What meets all requirements goes before what does not, and of those that do not what lacks less."""
    if one[1] != other[1]:
        return one[1] < other[1]
    pairs = [(a, b) if aim.maximise else (-a, -b) for a, b, aim in zip(one[0], other[0], aims, strict=True)]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def pareto(trials: Sequence[FrozenTrial], aims: Sequence[SearchObjective]) -> list[FrozenTrial]:
    """The completed trials that no other dominates, the first of equal ones, the best by the first aim in front."""
    front: list[FrozenTrial] = []

    def rank(trial: FrozenTrial) -> Rank:
        return tuple(trial.values), float(trial.user_attrs["found"]["violation"])

    for trial in trials:
        mine = rank(trial)
        if any(_dominates(rank(other), mine, aims) or rank(other) == mine for other in front):
            continue
        front = [other for other in front if not _dominates(mine, rank(other), aims)]
        front.append(trial)
    sign = -1.0 if aims[0].maximise else 1.0
    return sorted(front, key=lambda trial: (sign * trial.values[0], trial.number))


def _key(choice: Choice) -> Key:
    """What a proposal comes to: those that differ in a digit too many are one choice."""
    return tuple(choice.values())
