"""The loop of a search: ask, evaluate, record in the ledger, tell; until its trials are done or it stagnates."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from gridproof.results.axis_range import Value
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import SearchObjective
from gridproof.sweeps.search.pareto_front import add_to_front, outcome_of
from gridproof.sweeps.search.progress import SearchProgress
from gridproof.sweeps.search.trial_result import TrialEvaluator, TrialResult

# ``record(choices)``: called with what was evaluated, before Optuna is told.
Recorder = Callable[[Sequence[Choice]], None]
# ``report(progress)``: called after each batch.
Reporter = Callable[[SearchProgress], None]
# ``stop()``: why to stop, or None.
StopRule = Callable[[], str | None]

_Key = tuple[Value, ...]


class Search:
    """One Optuna study on one search context. Only this process asks and tells.

    record: is called with what was evaluated. constrained: whether there are requirements. suggest_all: as in
    ``Dimensions.suggest``.
    """

    def __init__(
        self,
        study: optuna.Study,
        dimensions: Dimensions,
        evaluator: TrialEvaluator,
        objectives: Sequence[SearchObjective],
        record: Recorder,
        constrained: bool,
        suggest_all: bool = False,
    ) -> None:
        self._study, self._dimensions, self._evaluator = study, dimensions, evaluator
        self._objectives, self._record, self._constrained = objectives, record, constrained
        self._suggest_all = suggest_all
        self._complete: dict[_Key, FrozenTrial] = {}
        self._pruned: dict[_Key, int] = {}
        self.evaluated_before: list[Choice] = []  # by earlier calls
        self.progress = SearchProgress(0)
        self.seconds = {"asking": 0.0, "evaluating": 0.0, "telling": 0.0}
        for trial in study.get_trials(deepcopy=False):
            self._resume(trial)

    def _resume(self, trial: FrozenTrial) -> None:
        """Count a trial of an earlier call."""
        choice, attributes = self._dimensions.completed(trial.params), trial.user_attrs
        if trial.state == TrialState.PRUNED:
            cells = attributes["cells"]
            self._pruned.setdefault(_key(choice), trial.number)
            self._count_pruned(attributes["reason"])
        elif trial.state == TrialState.COMPLETE:
            cells = attributes["result"]["cells"]
            self._complete.setdefault(_key(choice), trial)
            self.progress.repeated += "repeats" in attributes
            self._count_complete(*outcome_of(trial))
        else:
            return
        self.progress.cells += cells
        if cells:
            self.evaluated_before.append(choice)

    def complete_trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def run(self, trials: int, batch: int, patience: int | None, report: Reporter, stop: StopRule) -> str:
        """Go on until ``trials`` are finished in all. Returns why it stopped.

        The trials of a batch are asked for together, and told in the order in which they were asked for.
        """
        progress = self.progress
        progress.trials = trials
        report(progress)
        while progress.finished < trials:
            if patience is not None and progress.since_improvement >= patience:
                return f"no better trial among the last {progress.since_improvement}"
            if (reason := stop()) is not None:
                return reason
            asked = self._ask(min(batch, trials - progress.finished))
            new = self._new_choices(asked)
            self._evaluate(new)
            evaluated = {trial.number for trial, _ in new}
            for trial, choice in asked:
                if trial.number not in evaluated:
                    self._tell_repeat(trial, choice)
            report(progress)
        return "all trials are done"

    def _ask(self, count: int) -> list[tuple[Trial, Choice]]:
        began = time.perf_counter()
        asked = []
        for _ in range(count):
            trial = self._study.ask()
            asked.append((trial, self._dimensions.suggest(trial, self._suggest_all)))
        self.seconds["asking"] += time.perf_counter() - began
        return asked

    def _new_choices(self, asked: Sequence[tuple[Trial, Choice]]) -> list[tuple[Trial, Choice]]:
        """The choices that no trial has evaluated; each once, though a batch may propose it twice."""
        new: dict[_Key, tuple[Trial, Choice]] = {}
        for trial, choice in asked:
            if (key := _key(choice)) not in self._complete and key not in self._pruned:
                new.setdefault(key, (trial, choice))
        return list(new.values())

    def _evaluate(self, new: Sequence[tuple[Trial, Choice]]) -> None:
        if not new:
            return
        began = time.perf_counter()
        results = self._evaluator.evaluate([choice for _, choice in new])
        self.seconds["evaluating"] += time.perf_counter() - began
        began = time.perf_counter()
        self._record([choice for (_, choice), result in zip(new, results, strict=True) if result.cells])
        for (trial, choice), result in zip(new, results, strict=True):
            self._tell(trial, choice, result)
        self.seconds["telling"] += time.perf_counter() - began

    def _tell(self, trial: Trial, choice: Choice, result: TrialResult) -> None:
        self.progress.cells += result.cells
        self.progress.new_cells += result.cells
        if not result.values:
            self._pruned[_key(choice)] = trial.number
            self._tell_pruned(trial, result.reason, result.cells)
            return
        trial.set_user_attr("result", result.record())
        self._set_violation(trial, result.violation)
        self._complete[_key(choice)] = self._study.tell(trial, list(result.values))
        self._count_complete(result.values, result.violation)

    def _tell_repeat(self, trial: Trial, choice: Choice) -> None:
        """Tell the result of the earlier trial with the same choice; nothing is evaluated."""
        began = time.perf_counter()
        if (earlier := self._complete.get(key := _key(choice))) is None:
            trial.set_user_attr("repeats", self._pruned[key])
            self._tell_pruned(trial, f"same choice as trial {self._pruned[key]}, which was pruned", 0)
        else:
            values, violation = outcome_of(earlier)
            trial.set_user_attr("result", {**earlier.user_attrs["result"], "cells": 0})
            trial.set_user_attr("repeats", earlier.number)
            self._set_violation(trial, violation)
            self._study.tell(trial, list(values))
            self.progress.repeated += 1
            self._count_complete(values, violation)
        self.seconds["telling"] += time.perf_counter() - began

    def _tell_pruned(self, trial: Trial, reason: str, cells: int) -> None:
        trial.set_user_attr("cells", cells)
        trial.set_user_attr("reason", reason)
        # Pruned rather than failed: samplers learn from pruned trials and ignore failed ones.
        self._study.tell(trial, state=TrialState.PRUNED)
        self._count_pruned(reason)

    def _set_violation(self, trial: Trial, violation: float) -> None:
        if self._constrained:  # samplers without constraints warn about any, even one that is met
            trial.set_constraint("requirements", violation)

    def _count_pruned(self, reason: str) -> None:
        progress = self.progress
        progress.pruned += 1
        progress.finished += 1
        progress.since_improvement += 1
        progress.pruned_reasons[reason] = progress.pruned_reasons.get(reason, 0) + 1

    def _count_complete(self, values: tuple[float, ...], violation: float) -> None:
        progress = self.progress
        progress.finished += 1
        improved = add_to_front(progress.front, (values, violation), self._objectives)
        progress.since_improvement = 0 if improved else progress.since_improvement + 1


def _key(choice: Choice) -> _Key:
    """Proposals that are rounded to the same values have the same key."""
    return tuple(choice.values())
