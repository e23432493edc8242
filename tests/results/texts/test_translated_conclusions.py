"""Every conclusion, on a strategy and on factors, is whole in Chinese."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.results.conclusion import QUESTIONS, conclude
from gridproof.results.report.factors.wording import conclusion, facts, survival
from gridproof.results.texts.translation import chinese_factors, translate

_P = st.none() | st.just(0.0) | st.floats(0.0, 0.05) | st.floats(0.0, 1.0)


_HOLDINGS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["hold 铜", "hold cash", "constant mix of its mean weights"]),
            "p_value": _P,
            "upper": st.none() | st.floats(-1.0, 1.0),
            "detectable": st.none() | st.floats(0.0, 2.0),
            "standard_error": st.sampled_from([0.0, 0.1]),
        }
    ),
    max_size=3,
)


_COUNT = st.sampled_from([0, 1, 3, 5, 40])


_WORTH = st.fixed_dictionaries({"days": st.sampled_from([300, 900]), "switches": _COUNT, "holdings": _HOLDINGS})


_NULL = st.sampled_from(["shifts", "signs"])


_TIMING = st.fixed_dictionaries(
    {
        "p_value": _P, "p_error": st.sampled_from([None, 0.009]), "switches": _COUNT, "null": _NULL,
        "largest_weight": st.sampled_from([0.5, 0.99]), "p_mean": _P, "upper": st.none() | st.floats(-1.0, 1.0),
        "volatility": st.sampled_from([None, 0.2]),
    }
)  # fmt: skip


_SEARCH = st.fixed_dictionaries(
    {"p_value": _P, "choices": _COUNT, "null": _NULL, "sampled": st.booleans(), "p_with_effect": _P}
)


@settings(max_examples=300)
@given(_TIMING, _WORTH, st.none() | _SEARCH, st.none() | _WORTH, st.booleans(), st.booleans())
def test_every_conclusion_is_whole_in_chinese(
    timing: Any, worth: Any, search: Any, since: Any, declared: bool, repeated: bool
) -> None:
    """Whatever the tests find, the sentence, the answers and the tests have no English left."""
    found: Any = conclude(timing, worth, search, since, declared, repeated)
    texts = [found["sentence"], *(found[question][key] for question in QUESTIONS for key in ("why", "test", "answer"))]
    for text in texts:
        chinese = translate(text, "zh")
        assert not re.search(r"[A-Za-z]{3,}", chinese), f"{text}: {chinese}"


_NET = st.fixed_dictionaries({"cagr": st.none() | st.floats(-0.5, 0.5), "sharpe": st.none() | st.floats(-2.0, 3.0)})


_FACTOR = st.fixed_dictionaries(
    {
        "factor": st.sampled_from(["动量", "换手"]),
        "label": st.sampled_from(["动量, n 20", "动量, neutral to 行业", "换手, in 小盘, neutral to 行业 + 市值"]),
        "net": _NET,
        "superior": st.none() | st.booleans(),
        "deflated_sharpe": st.none() | st.floats(0.0, 1.0),
        "untested": st.sampled_from([None, None, "returns on 12 days, 60 are needed", "returns that do not vary"]),
        "horizons": st.lists(
            st.fixed_dictionaries(
                {
                    "days": st.sampled_from([1, 5]), "t": st.none() | st.floats(-9.0, 9.0),
                    "ic_mean": st.floats(-0.1, 0.1),
                }
            ),
            min_size=1, max_size=1,
        ),
    }
)  # fmt: skip


_VERDICT = st.fixed_dictionaries(
    {
        "best": st.sampled_from([None, 0]), "level": st.just(0.05), "needed": st.just(0.95), "superior": _COUNT,
        "why": st.sampled_from(["no variant earns anything", "returns that do not vary"]), "tested": _COUNT,
        "trials": st.sampled_from([1, 40, 1_200]), "effective_trials": st.floats(1.0, 30.0), "p_value": _P,
        "p_value_error": st.just(0.001), "threshold": st.floats(0.0, 1.0),
        "deflated_sharpe_across_variants": st.none() | st.floats(0.0, 1.0),
    }
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(_FACTOR, min_size=1, max_size=3), _VERDICT, st.sampled_from([0.0, 0.001]), st.sampled_from([1, 5]))
def test_every_conclusion_on_factors_is_whole_in_chinese(
    variants: list[Any], verdict: Any, cost: float, every: int
) -> None:
    record = {
        "variants": variants,
        "verdict": verdict,
        "window": {"days": 2_500, "from": "2015-01-05", "to": "2025-01-03"},
        "settings": {"cost": cost, "every": every, "lag": 1, "quantiles": 5},
        "panel": {"file": "股票.parquet", "stocks": 4_000, "rows": 9_000_000},
        "universe": {"全部": "", "小盘": "市值 < 100"},
    }
    told = [*conclusion(record), *(text for fact in facts(record) for text in fact)]
    if verdict["best"] is not None:
        told += [survival(one, verdict) for one in variants]
    for text in told:
        chinese = re.sub(r"\.parquet|SPA|Hansen|Bailey|López de Prado", "", chinese_factors()(text))
        assert not re.search(r"[A-Za-z]{3,}", re.sub(r"StepM|Newey|West|Rank", "", chinese)), f"{text}: {chinese}"
