"""The rule of a study, its alternatives and those of its mixes, and the signals that choose among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.allocation import Mix
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.decide import DECIDE
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.execution_keys import decides
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.leg import Leg
from gridproof.sweeps.study.limits import AxisLimits
from gridproof.sweeps.study.rule import Rule, RuleError, RuleTarget, parse_rule, parse_rules
from gridproof.sweeps.study.signal import RULE, Signal, choice_signal, mix_signal
from gridproof.sweeps.study.spec import StudySpec
from gridproof.sweeps.study.validation_errors import brief, one_line


def build_rule(
    spec: StudySpec, signals: Sequence[Signal], targets: Sequence[RuleTarget], table: AxisTable, document: Document
) -> tuple[Rule, tuple[Signal, ...]]:
    """Returns the rule, and for alternative rules the signal that chooses among them. Raises InputError."""
    bits = {bit for signal in signals for bit in signal.bits}
    try:
        if spec.rules is None:
            if not isinstance(spec.rule, dict):
                if (RULE,) not in document.lines and not spec.rule:
                    where = document.where((RULE,))
                    raise InputError("missing key `rule`", "none", where, "Add `rule:`")
                remedy = "Write `leg: expression` lines under it, or name one of several under rules:"
                raise InputError("rule must be a mapping", brief(spec.rule), document.where((RULE,)), remedy)
            return parse_rule(spec.rule, targets, bits), ()
        if isinstance(spec.rule, dict):
            remedy = f"Write rule: {next(iter(spec.rules), 'NAME')}, a list of names, or nothing for all"
            raise InputError("beside rules, rule names some of them", "a mapping", document.where((RULE,)), remedy)
        if any(signal.name == RULE for signal in signals):
            where = document.where(("signals", RULE))
            raise InputError("beside rules, no signal is called rule", RULE, where, "Rename it")
        if not spec.rules:
            raise InputError("rules has at least one rule", "none", document.where(("rules",)), "Write one")
        choice = choice_signal(tuple(spec.rules))
        wanted = (spec.rule,) if isinstance(spec.rule, str) and spec.rule else tuple(spec.rule) or tuple(spec.rules)
        table.add(RULE, (RULE,), wanted, AxisLimits(str, choices=tuple(spec.rules)))
        return parse_rules(spec.rules, targets, bits, choice.bits), (choice,)
    except RuleError as fault:
        where = document.where(("rule" if spec.rules is None else "rules", *fault.place))
        raise one_line(str(fault), fault.value, where) from None


def rule_targets(legs: Sequence[Leg], mixes: Sequence[Mix]) -> list[RuleTarget]:
    """What a rule may name: the legs and the mixes."""
    alone = [RuleTarget(leg.name, place) for place, leg in enumerate(legs)]
    return [*alone, *(RuleTarget(mix.name, mix.first, len(mix.allocations), mix.bits, True) for mix in mixes)]


def mix_choices(
    mixes: Sequence[Mix],
    rule: Rule,
    spec: StudySpec,
    table: AxisTable,
    expressions: StudyExpressions,
    document: Document,
) -> list[Signal]:
    """The choices of the mixes that have several allocations. Raises InputError where the rule does not name one."""
    chosen = [mix for mix in mixes if mix.chosen]
    for mix in chosen:
        if not set(mix.bits) & set(rule.bits):
            rule_text = "a mix with several weights must be used by the rule"
            remedy = f"Name {mix.name} in the rule, give it one weight for each leg, or remove it"
            raise InputError(rule_text, mix.name, document.where(("mixes", mix.name)), remedy)
    found = [mix_signal(mix, spec, table, expressions) for mix in chosen]
    if not decides(spec):
        return found
    # A weight that follows a formula is decided as a state is.
    return [replace(one, decide=DECIDE) if one.nodes else one for one in found]
