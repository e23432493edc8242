"""The compiled backend: Numba, all cores; products share blocks of days, lists go from switch to switch."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.aggregate.reduction import ReductionRequest, ReductionResult
from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.cpu.daily_following import NavRules
from gridproof.kernels.cpu.daily_scan import scan_by_day
from gridproof.kernels.cpu.drifting import DriftTables
from gridproof.kernels.cpu.following import FollowingRules
from gridproof.kernels.cpu.product.box_reduction import answer
from gridproof.kernels.cpu.product.limits import fits
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.cpu.range_tables import summarise
from gridproof.kernels.cpu.scan import Executions, ListedJobs, ScanTables, ScanTerms, scan_variants
from gridproof.kernels.metrics import BY_NAME, WIDTH
from gridproof.kernels.paths import flips
from gridproof.kernels.payoff_groups import fits_at_once, payoff_groups
from gridproof.kernels.problem import Box, Jobs, Problem, Work
from gridproof.kernels.threads import run_ranges

# A thread takes at least so many tuples of paths at once.
_TUPLES = 64


class CpuEvaluator:
    """``reference.evaluate`` bound to one problem; tables are made where they are first needed."""

    def __init__(self, problem: Problem, like: CpuEvaluator | None = None) -> None:
        """like: an evaluator of a problem that differs in its paths alone, whose tables are shared."""
        self._problem = problem
        self._product = Product(problem) if fits(problem) else None
        if self._product is not None and like is not None and like._product is not None:
            self._product.share(like._product)
        self._prepared: Prepared | None = None
        self._edges: Words | None = None

    def __call__(self, work: Work) -> Floats:
        if isinstance(work, Box) and self._product is not None:
            return self._product.evaluate(work)
        if not fits_at_once(self._problem):
            return self._evaluate_groups(work.jobs())
        if self._prepared is None:
            self._prepared = prepare(self._problem)
        return evaluate(self._problem, work.jobs(), self._prepared)

    def _evaluate_groups(self, jobs: Jobs) -> Floats:
        if self._edges is None:
            self._edges = flips(self._problem.path_bits, self._problem.decision_days)
        result = np.empty((len(jobs.execution), self._problem.segments, WIDTH + self._problem.allocations))
        for group in payoff_groups(self._problem, jobs):
            prepared = prepare(group.problem, self._edges)
            result[group.places] = evaluate(group.problem, group.jobs, prepared)
        return result


class CpuReducer(CpuEvaluator):
    """An evaluator that also reduces boxes, see ``kernels.aggregate.reduction``."""

    most = 2**20  # the squares of so many values fit the limbs of a surface
    takes_any = False

    def reduce(self, question: ReductionRequest) -> ReductionResult:
        """Only the metric that the request names is written, so a box may be larger than one whose rows are kept."""
        assert self._product is not None
        found = self._product.evaluate(question.box, BY_NAME[question.metric].column)
        values = found.reshape(-1, len(question.box.executions), self._problem.segments)
        return answer(question, [np.ascontiguousarray(values[:, :, at]) for at in range(min(2, values.shape[2]))])


def bind(problem: Problem) -> CpuEvaluator:
    """The problem bound to the backend; a ``CpuReducer`` where products of it can be evaluated."""
    return (CpuReducer if fits(problem) else CpuEvaluator)(problem)


def evaluate(problem: Problem, jobs: Jobs, prepared: Prepared | None = None) -> Floats:
    """As ``reference.evaluate``. ``prepared`` spares building the tables anew for each call on one problem."""
    edges, tables = prepared or prepare(problem)
    result = np.empty((len(jobs.execution), problem.segments, WIDTH + problem.allocations))
    listed = ListedJobs(
        problem.path_bits.ravel(), edges.ravel(), edges.shape[1], jobs.rows, jobs.first, jobs.execution,
        problem.rule.astype(np.uint64).ravel(), problem.rule.shape[1], problem.start,
    )  # fmt: skip
    tables_of = problem.payoff_of, problem.cost_of, problem.traded_of
    executions = Executions(problem.lead - problem.lags, *tables_of, FollowingRules.of(problem))
    terms = ScanTerms(problem.invested, problem.bounds, float(problem.periods), float(problem.risk_free))
    if problem.by_day:
        own = NavRules.of(problem), DriftTables.of(problem)
        run_ranges(scan_by_day, len(jobs.rows), listed, executions, *own, tables, terms, result, least=_TUPLES)
    else:
        run_ranges(scan_variants, len(jobs.rows), listed, executions, tables, terms, result, least=_TUPLES)
    return result


Prepared = tuple[Words, ScanTables]


def prepare(problem: Problem, edges: Words | None = None) -> Prepared:
    """The flips of every path, and the tables of every run of days. edges: the flips, where they are known."""

    def flat(tables: Floats) -> Floats:
        return tables.reshape(len(tables), -1)

    made = summarise(problem)
    tables = ScanTables(
        flat(problem.returns), flat(made.prefix), flat(made.shape), made.centre, flat(problem.costs), flat(made.charge),
        flat(problem.traded),
    )  # fmt: skip
    return flips(problem.path_bits, problem.decision_days) if edges is None else edges, tables
