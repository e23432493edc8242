"""What selections earn and trade, kept between the plans of a study: its points and stresses ask for them again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel
from gridproof.sweeps.plan.selections import Setting, Traded, check_panel, trade_selections
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.study import Leg, Study

# Of each panel the settings that were asked for last. The days of one take some 80 KB in 13 years.
_KEPT: WeakKeyDictionary[Panel, OrderedDict[tuple[object, ...], Traded]] = WeakKeyDictionary()
_KEPT_BYTES = 128 * 2**20


def traded(
    study: Study, leg: Leg, market: Market, window: Window, settings: Sequence[Setting]
) -> dict[Setting, Traded]:
    """As ``trade_selections``; what was computed before is not computed again, and has the same bits."""
    assert leg.selection is not None
    assert market.panel is not None
    check_panel(study, market, window)
    kept = _KEPT.setdefault(market.panel, OrderedDict())
    days = market.calendar[window.first], market.calendar[window.last]
    # The formulas of a selection may name series, values and operators of the study, and parameters: ``chosen`` of a
    # setting has the values of these in order. 1 and 1.0 are equal in Python, not in a formula.
    own = (
        *leg.selection.identity, leg.selection.parameters, *days, study.spec.market.periods, str(study.spec.series),
        str(study.spec.values), None if study.operators is None else study.operators.digest,
    )  # fmt: skip
    keys = {setting: (own, setting, tuple(map(type, setting.chosen))) for setting in settings}
    found = {setting: kept[key] for setting, key in keys.items() if key in kept}
    missing = [setting for setting in keys if setting not in found]
    if missing:
        made = trade_selections(study, leg, market, window, missing)
        found |= {setting: made[setting].alone() for setting in missing}
    for setting in found:
        kept[keys[setting]] = found[setting]
        kept.move_to_end(keys[setting])
    most = _KEPT_BYTES // max(each.size for each in found.values())
    while len(kept) > most:
        kept.popitem(last=False)
    return found
