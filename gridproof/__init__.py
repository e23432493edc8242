"""gridproof: is a published timing or rotation strategy robust, or a fluke of its thresholds?

>>> import gridproof as gp
>>> study = gp.load_study("us-demo")
>>> run = gp.run(study)                                     # doctest: +SKIP
>>> run.top()                                               # doctest: +SKIP
>>> run.surface("trend.window", "fork.window")              # doctest: +SKIP

``help(gp.run)`` and docs/api.md describe each name. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gridproof.operators as operators
    import gridproof.statistics as statistics
    from gridproof.kernels.errors import InputError as InputError
    from gridproof.results.run.comparison import compare as compare
    from gridproof.results.run.factor_run import FactorRun as FactorRun
    from gridproof.results.run.run import Run as Run
    from gridproof.signals.data.market import Market as Market
    from gridproof.sweeps.api import load_market as load_market
    from gridproof.sweeps.api import open_run as open_run
    from gridproof.sweeps.api import point as point
    from gridproof.sweeps.api import run as run
    from gridproof.sweeps.data.vendor_import import import_data as import_data
    from gridproof.sweeps.execution.budget import Budget as Budget
    from gridproof.sweeps.execution.errors import IncompleteError as IncompleteError
    from gridproof.sweeps.factors.run import factors as factors
    from gridproof.sweeps.monitor.run import Readings as Readings
    from gridproof.sweeps.monitor.run import monitor as monitor
    from gridproof.sweeps.plan.point import Point as Point
    from gridproof.sweeps.progress.observer import DataWarning as DataWarning
    from gridproof.sweeps.progress.observer import RunObserver as RunObserver
    from gridproof.sweeps.search.search import search as search
    from gridproof.sweeps.study.study import Study as Study
    from gridproof.sweeps.study.study import load_study as load_study

__version__ = "0.1.0"

# Each public name and the module that defines it.
_MODULES = {
    "load_study": "gridproof.sweeps.study.study",
    "load_market": "gridproof.sweeps.api",
    "point": "gridproof.sweeps.api",
    "run": "gridproof.sweeps.api",
    "search": "gridproof.sweeps.search.search",
    "factors": "gridproof.sweeps.factors.run",
    "monitor": "gridproof.sweeps.monitor.run",
    "import_data": "gridproof.sweeps.data.vendor_import",
    "open_run": "gridproof.sweeps.api",
    "compare": "gridproof.results.run.comparison",
    "Study": "gridproof.sweeps.study.study",
    "Market": "gridproof.signals.data.market",
    "Point": "gridproof.sweeps.plan.point",
    "Readings": "gridproof.sweeps.monitor.run",
    "Run": "gridproof.results.run.run",
    "FactorRun": "gridproof.results.run.factor_run",
    "Budget": "gridproof.sweeps.execution.budget",
    "RunObserver": "gridproof.sweeps.progress.observer",
    "DataWarning": "gridproof.sweeps.progress.observer",
    "InputError": "gridproof.kernels.errors",
    "IncompleteError": "gridproof.sweeps.execution.errors",
    "operators": "gridproof.operators",
    "statistics": "gridproof.statistics",
}

__all__ = [
    "Budget",
    "DataWarning",
    "FactorRun",
    "IncompleteError",
    "InputError",
    "Market",
    "Point",
    "Readings",
    "Run",
    "RunObserver",
    "Study",
    "compare",
    "factors",
    "import_data",
    "load_market",
    "load_study",
    "monitor",
    "open_run",
    "operators",
    "point",
    "run",
    "search",
    "statistics",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'gridproof' has no attribute {name!r}")
    module = import_module(_MODULES[name])
    value = module if module.__name__ == f"gridproof.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__name__", "__version__"]
