"""The table of a rule: which allocation follows from the one held and the states of the signals."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError
from gridproof.sweeps.study.study import Study


def rule_table(study: Study) -> Ints:
    """The rule's table, (A, codes). Where the rule may hold, its code has one more bit for each signal, whether that
    signal is defined, and the previous allocation is kept until every signal that the chosen alternative names is.

    Otherwise the allocation held would depend on the state given to an undefined signal, and on where the files begin.
    """
    table = study.rule.table
    # No rule is asked what follows from a part of an allocation.
    table = np.concatenate([table, np.repeat(table[:1], len(study.allocations) - len(table), axis=0)])
    if not study.rule.holds:
        return table
    bits, extra = len(study.rule.bits), len(study.signals)
    if bits + extra > 16:
        raise InputError(
            "a rule with `hold` may use at most 16 signal bits and signals together",
            bits + extra,
            study.where("rule"),
            "Remove some signals, or end the rule with a leg",
        )
    needed = _needed(study)
    extended = np.tile(np.arange(len(table))[:, None], (1, table.shape[1] << extra))
    for defined in range(1 << extra):
        chosen = needed & ~defined == 0
        extended[:, defined << bits : (defined + 1) << bits][:, chosen] = table[:, chosen]
    return extended


def _needed(study: Study) -> Ints:
    """For each code, (2^B,), a bit mask of the signals that must be defined: those that the chosen rule names.

    A signal that the rule does not name need not be defined yet.
    """
    rule = study.rule
    masks = [
        sum(1 << at for at, one in enumerate(study.signals) if set(one.bits) & named) for named in rule.uses.values()
    ]
    return np.array(masks, dtype=np.int64)[rule.alternatives]
