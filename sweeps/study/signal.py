"""A signal of a study: expressions, and how their values become states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gridproof.kernels.errors import InputError
from gridproof.signals.data.release import Release
from gridproof.signals.expression.scope import Scope
from gridproof.sweeps.study.allocation import SLEEVES, Mix, SleeveShares
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.earlier_form import check_new_form
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.latch import Levels, Switch, check_levels, read_levels, read_switch
from gridproof.sweeps.study.limits import limits_of_key
from gridproof.sweeps.study.series_spec import SeriesFileSpec
from gridproof.sweeps.study.spec import LatchSpec, SignalSpec

# Name of the signal that chooses one of several rules, and of its axis.
RULE = "rule"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions that are states. ``when``: for each state its name ('' for the only one) and node."""

    when: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The names among which the axis RULE chooses; the states are the bits of the chosen one's number, bit 0 first."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MixChoice:
    """Which of its allocations a mix is: the states are the bits of its number, bit 0 first. Constant, but for a weight
    that follows a formula."""

    mix: Mix


@dataclass(frozen=True, slots=True)
class SharesChoice:
    """Which shares the sleeves have: the states are the bits of the number of their combination, bit 0 first."""

    shares: SleeveShares


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal, its expressions as nodes of the study's graph.

    ``form``: how it has states. ``parameters``: the axes of its parameters: its own, then those of the named values
    that it uses. ``releases``: for each of ``series`` the axis of its release; None: known at the close of its date.
    ``use``: the axis with the values on and off; None: always on. ``missing``: what an unknown value is: off, hold the
    last known one, or None: an error. ``decide``: the axis of the decision days; None: every day is one.
    """

    name: str
    form: Levels | Conditions | Switch | Alternatives | MixChoice | SharesChoice
    series: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    releases: tuple[str | None, ...] = ()
    use: str | None = None
    missing: str | None = None
    decide: str | None = None

    @property
    def bits(self) -> tuple[str, ...]:
        match self.form:
            case Alternatives(names):
                return tuple(f"{self.name}.{at}" for at in range(max(1, (len(names) - 1).bit_length())))
            case Conditions(when):
                return tuple(f"{self.name}.{bit}" if bit else self.name for bit, _ in when)
            case MixChoice(mix):
                return mix.bits
            case SharesChoice(shares):
                return shares.bits
        return (self.name,)

    @property
    def nodes(self) -> tuple[int, ...]:
        """The nodes of its expressions."""
        match self.form:
            case Levels(value):
                return (value,)
            case Conditions(when):
                return tuple(at for _, at in when)
            case Switch(on, off):
                return on, off
            case MixChoice(mix) if mix.graded is not None:
                return mix.graded.nodes
        return ()

    @property
    def shown(self) -> bool:
        """Whether tables show its states: not those of a mix or of shares, which the name of the allocation shows."""
        return not isinstance(self.form, MixChoice | SharesChoice)

    @property
    def place(self) -> tuple[str, ...]:
        """Its keys in the file."""
        if isinstance(self.form, SharesChoice):
            return (SLEEVES,)
        return ("mixes" if isinstance(self.form, MixChoice) else "signals", self.name)

    @property
    def levels(self) -> tuple[str, ...]:
        """The axes of its latch's levels."""
        return (self.form.on, self.form.off) if isinstance(self.form, Levels) else ()

    @property
    def axes(self) -> tuple[str, ...]:
        use = (self.use,) if self.use is not None else ()
        releases = (axis for axis in self.releases if axis)
        decide = (self.decide,) if self.decide is not None else ()
        return (*use, *self.parameters, *self.levels, *releases, *decide)

    @property
    def deciding(self) -> set[str]:
        """The axes that affect its values; the others are the levels of the latch."""
        return set(self.axes) - set(self.levels)


def build_signal(
    name: str,
    one: SignalSpec,
    spec: SeriesFileSpec,
    table: AxisTable,
    document: Document,
    expressions: StudyExpressions,
    section: str = "signals",
) -> Signal:
    """Check one signal and add its axes to the table. ``section``: the key of the file under which it stands.

    Raises InputError if it is invalid.
    """
    where = (section, name)
    check_new_form(name, one, document)
    given = one.model_extra or {}
    found = _expressions(one, expressions, expressions.scope(where, given), where, document)
    use = None
    if one.use is not None:
        use = f"{name}.use"
        table.add(use, (*where, "use"), one.use, limits_of_key(SignalSpec, "use"))
    expressions.add_parameters(where, given)
    form: Levels | Conditions | Switch
    if isinstance(found, int):
        form = read_levels(where, one.latch or LatchSpec(), table, document, expressions.graph, found)
    else:
        form = found
    own = [f"{name}.{key}" for key in given]
    return _with_inputs(Signal(name, form, use=use, missing=one.missing), own, spec, table, expressions)


def mix_signal(mix: Mix, spec: SeriesFileSpec, table: AxisTable, expressions: StudyExpressions) -> Signal:
    """Returns the choice of a mix among its allocations as a signal."""
    missing = None if mix.graded is None else mix.graded.missing
    return _with_inputs(Signal(mix.name, MixChoice(mix), missing=missing), mix.axes, spec, table, expressions)


def _with_inputs(
    signal: Signal, own: Sequence[str], spec: SeriesFileSpec, table: AxisTable, expressions: StudyExpressions
) -> Signal:
    """Returns a signal with the series, parameters and releases of its expressions, after its own parameters."""
    facts = [expressions.graph.facts[at] for at in signal.nodes]
    below = (full for each in facts for full in each.parameters)
    series = tuple(dict.fromkeys(each for one in facts for each in one.series))
    releases: list[str | None] = []
    for each in series:
        release = spec.series[each].release
        if release is not None and f"{each}.release" not in table.places:
            table.add(f"{each}.release", ("series", each, "release"), release)
        releases.append(f"{each}.release" if release is not None else None)
    parameters = tuple(dict.fromkeys([*own, *below]))
    return replace(signal, series=series, parameters=parameters, releases=tuple(releases))


def _expressions(
    one: SignalSpec, expressions: StudyExpressions, scope: Scope, where: tuple[str, ...], document: Document
) -> int | Conditions | Switch:
    """The node of a signal's value, or its conditions. Raises InputError where it has both, or neither."""
    if one.value is not None and one.when is not None:
        rule, remedy = "a signal has value: with a latch, or when:", "Remove one of the two"
        raise InputError(rule, "both", document.where((*where, "when")), remedy)
    if one.when is not None:
        if one.latch is not None:
            rule, remedy = "a signal with when: has no latch, its condition is the state", "Remove the latch"
            raise InputError(rule, "latch", document.where((*where, "latch")), remedy)
        conditions = {"": one.when} if isinstance(one.when, str) else one.when
        if not conditions:
            rule, remedy = "when: is a condition or a mapping of conditions", "Write a condition"
            raise InputError(rule, "none", document.where((*where, "when")), remedy)
        return Conditions(
            tuple(
                (bit, expressions.parse(text, scope, (*where, "when", *([bit] if bit else [])), boolean=True))
                for bit, text in conditions.items()
            )
        )
    if one.latch is not None and (one.latch.on is not None or one.latch.off is not None):
        return read_switch(one, one.latch, expressions, scope, where, document)
    if one.value is None:
        rule, remedy = "a signal has value: with a latch, or when:", "Add value: or when: with an expression"
        raise InputError(rule, "neither", document.where(where), remedy)
    return expressions.parse(one.value, scope, (*where, "value"), boolean=False)


def choice_signal(alternatives: Sequence[str]) -> Signal:
    """Returns the choice among several rules as a constant signal. Its bits are the number of the rule, bit 0 first."""
    return Signal(RULE, Alternatives(tuple(alternatives)), parameters=(RULE,))


def shares_signal(shares: SleeveShares) -> Signal:
    """Returns the choice among shares of sleeves as a constant signal."""
    return Signal(SLEEVES, SharesChoice(shares), parameters=shares.axes)


def check_signal(signal: Signal, table: AxisTable) -> None:
    """Check latch and releases once all axes are in the table. Raises InputError if one is invalid."""
    check_levels(signal.form, table)
    for axis in signal.releases:
        if axis is None:
            continue
        values: dict[Release, object] = {}
        for value in table.values(axis):
            release = Release.parse(value, table.where(axis))
            if release in values:
                rule = "each release occurs once on its axis"
                raise InputError(rule, f"{values[release]!r} and {value!r}", table.where(axis), "Remove one")
            values[release] = value
