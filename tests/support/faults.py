"""Faults of the study in ``tests.support.market``: what is changed in its text, and what must be said of it."""

from __future__ import annotations

KEY = "unknown key"
PARAMETER = "a key of a signal is value, when, latch, use or missing, or a parameter that its expression names"
NAME = "a name is a series, a value or a parameter"
EXPRESSION = "a line of the rule is an expression of signals, and, or, not, parentheses"
LAST = "the last line of the rule must be 'leg: otherwise' or 'hold: otherwise'"
VALUE = "an axis value is a number or text"
TIE = "same_as names another axis that has values"
RELEASE = "a release is a number of trading days, 'N calendar days', or the name of a date column"
DATE = "a date must be valid and of the form YYYY-MM-DD"
WINDOW = "`from`, `published` and `to` must be in ascending order"
SLOW = "the window must begin after the slowest signal is defined"
YAML = "a study file is YAML"
RANGE = "{from: 20, to: 60, step: 20}"
OFF = "off_below: {from: -0.10, to: 0.00, step: 0.05}"
LATCH = f"    latch:\n      on_above: [0.05, 0.10]\n      {OFF}\n"
DATES = "  from: 2020-07-01\n  published: 2021-07-01\n  to: 2022-03-31\n"
RULE = (
    "  cash: rate and not fork.small\n  small: growth or fork.small or (trend and not fork.large)\n  large: otherwise\n"
)

# What is replaced in the study by what, and what is said of it: where, the rule, the value.
RULE_LINES = """rule:
  cash: rate and not fork.small
  small: growth or fork.small or (trend and not fork.large)
  large: otherwise
"""

FAULTS = {
    # keys
    "a misspelt key": ("objective: sharpe", "objectiv: sharpe", "46 objectiv", KEY, "objectiv"),
    "a misspelt key of the market": (
        "{calendar: large}", "{calendr: large}", "3 market.calendar", "missing key `calendar`", "none"),
    "an unknown key of the market": ("{calendar: ", "{period: 1, calendar: ", "3 market.period", KEY, "period"),
    "a misspelt key of a series": ("release: [0", "relase: [0", "7 series.rate10.relase", KEY, "relase"),
    "a misspelt key of a leg": ("cost: 0.0005", "cots: 0.0005", "10 legs.small.cots", KEY, "cots"),
    "a misspelt key of a latch": ("on_above: [", "on_abov: [", "19 signals.rate.latch.on_abov", KEY, "on_abov"),
    "a misspelt parameter": ("window: [20, 40]", "windw: [20, 40]", "15 signals.rate.value, column 20", NAME, "window"),
    "a misspelt key of the execution": ("  lag: [", "  lags: [", "40 execution.lags", KEY, "lags"),
    "a misspelt key of the window": ("  published:", "  publishd:", "44 window.publishd", KEY, "publishd"),
    "Python's name of a key": ("  from: 2020", "  from_: 2020", "42 window.from", "missing key `from`", "none"),
    "no rule": (RULE_LINES, "", " rule", "missing key `rule`", "none"),
    "a rule among rules that is none": ("rule:\n", "rules:\n", "36 rules.cash", "cash must be a mapping",
                                        "'rate and not fork.small'"),
    # names
    "an unknown operator": (
        "pct_change(", "pct_chnge(", "15 signals.rate.value, column 1", "an operator must be in the catalogue",
        "pct_chnge"),
    "an unknown series": ("(rate10,", "(rate1,", "15 signals.rate.value, column 12", NAME, "rate1"),
    "too many series": (
        "(rate10, window)", "(rate10, m1, window)", "15 signals.rate.value, column 1", "pct_change takes 2 arguments",
        "3"),
    "the old form of a signal": (
        "value: >-\n      pct_change(rate10, window)", "measure: change\n    of: rate10", "15 signals.rate.measure",
        "a signal is an expression under value: or when:, in place of measure: and of:", "measure: change"),
    "a list for an expression": (
        "value: >-\n      pct_change(rate10, window)", "value: [3]", "15 signals.rate.value",
        "an expression is text", "[3]"),
    "a signal without an expression": (
        "value: >-\n      pct_change(rate10, window)", "use: on", "14 signals.rate",
        "a signal has value: with a latch, or when:", "neither"),
    "a condition with a latch": (
        "pct_change(rate10, window)", "pct_change(rate10, window) > 0", "15 signals.rate.value",
        "a value with a latch is a number, not a condition", "pct_change(rate10, window) > 0"),
    "a parameter that is a series": (
        "window: [20, 40]", "window: [20, 40]\n    m1: 3", "18 signals.rate.m1", "a parameter has a name of its own",
        "m1, which is a series"),
    "an unknown calendar": (
        "{calendar: large}", "{calendar: larg}", "3 market.calendar",
        "market.calendar names the series whose dates are the trading days", "larg"),
    "a name with a hyphen": (
        "  rate:\n", "  ra-te:\n", "14 signals.ra-te",
        "a name is letters, digits and underscores, a letter first", "'ra-te'"),
    "a name that is a word of the rule": (
        "  rate:\n", "  not:\n", "14 signals.not", "a name must not be a keyword of rules", "'not'"),
    "a name that is a number": ("  rate:\n", "  3:\n", "14 signals.3", "a name must be text", "3"),
    "a study's name": (
        "name: small", "name: a b", "1 name",
        "name must be letters, digits, _ and -, a letter or digit first", "'a b'"),
    "an unknown objective": (
        "objective: sharpe", "objective: sharp", "46 objective",
        "objective must be 'total_return', 'cagr', 'sharpe', 'sortino', 'max_drawdown' or 'calmar'", "'sharp'"),
    # the rule
    "an unknown leg in the rule": (
        "  small: growth", "  smal: growth", "37 rule.smal", "the rule chooses among the legs", "'smal'"),
    "an unknown signal in the rule": (
        "cash: rate", "cash: rat", "36 rule.cash", "a line of the rule names signals", "'rat'"),
    "a bit left out": ("not fork.small", "not fork", "36 rule.cash", "a line of the rule names signals", "'fork'"),
    "a doubled word": ("rate and not", "rate and and", "36 rule.cash", EXPRESSION, "'rate and and fork.small'"),
    "an open parenthesis": ("cash: rate", "cash: (rate", "36 rule.cash", EXPRESSION, "'(rate and not fork.small'"),
    "a comparison": ("rate and not fork.small", "rate > 3", "36 rule.cash", EXPRESSION, "'rate > 3'"),
    "an expression too deep": (
        "rate and", "not " * 5000 + "rate and", "36 rule.cash", EXPRESSION, "'" + ("not " * 30)[:98] + "…"),
    "an empty expression": ("cash: rate and not fork.small", "cash: ''", "36 rule.cash", EXPRESSION, "''"),
    "no expression": ("cash: rate and not fork.small", "cash:", "36 rule.cash", "cash must be text", "nothing"),
    "a number for an expression": (
        "cash: rate and not fork.small", "cash: 1", "36 rule.cash",
        "a line of the rule is an expression of signals", "1"),
    "no otherwise": ("large: otherwise", "large: trend", "38 rule.large", LAST, "'large: trend'"),
    "otherwise too early": (
        "cash: rate and not fork.small", "cash: otherwise", "36 rule.cash",
        "'otherwise' must be the last line of the rule", "'cash'"),
    "an empty rule": (f"rule:\n{RULE}", "rule: {}\n", "35 rule", LAST, "nothing"),
    "a rule as a list": (f"rule:\n{RULE}", "rule: [rate]\n", "35 rule", "rule must be a mapping", "['rate']"),
    "a signal that the rule never uses": (
        "growth or fork.small or", "fork.small or", "29 signals.growth",
        "every signal must be used by the rule", "growth"),
    # axes
    "an empty axis": (
        "[20, 40]", "[]", "17 signals.rate.window", "an axis has at least one value", "[]"),
    "a range that runs backwards": (
        RANGE, "{from: 60, to: 20, step: 20}", "24 signals.trend.window", "`from` of a range must not be above `to`",
        "{'from': 60, 'to': 20, 'step': 20}"),
    "a step that misses the end": (
        RANGE, "{from: 20, to: 60, step: 30}", "24 signals.trend.window", "a range ends on one of its steps",
        "{'from': 20, 'to': 60, 'step': 30}"),
    "a step of 0": (
        RANGE, "{from: 20, to: 60, step: 0}", "24 signals.trend.window", "`step` of a range is above 0",
        "{'from': 20, 'to': 60, 'step': 0}"),
    "a word in a range": (
        RANGE, "{from: 20, to: sixty, step: 20}", "24 signals.trend.window",
        "`from`, `to`, `step` and `count` of a range are numbers", "{'from': 20, 'to': 'sixty', 'step': 20}"),
    "a misspelt range": (
        RANGE, "{from: 20, to: 60, stp: 20}", "24 signals.trend.window",
        "a range has the keys `from`, `to` and `step`, or `from`, `to` and `count`",
        "{'from': 20, 'to': 60, 'stp': 20}"),
    "a count of 1": (
        RANGE, "{from: 20, to: 60, count: 1}", "24 signals.trend.window",
        "a range with `count` has `from` below `to` and 2 to 1000000 values", "{'from': 20, 'to': 60, 'count': 1}"),
    "a step too small": (
        RANGE, "{from: 20, to: 60, step: 0.00001}", "24 signals.trend.window", "an axis has at most 1000000 values",
        "{'from': 20, 'to': 60, 'step': 1e-05}"),
    "a range of decimals for days": (
        RANGE, "{from: 20.0, to: 60.0, step: 20.0}", "24 signals.trend.window",
        "trend.window must be a whole number of values or a duration", "20.0"),
    "a repeated value": (
        "[20, 40]", "[20, 40, 20]", "17 signals.rate.window", "each value of an axis occurs once", "[20, 40, 20]"),
    "a value repeated in other digits": (
        "[0.05, 0.10]", "[0.10, 0.1]", "19 signals.rate.latch.on_above", "each value of an axis occurs once",
        "[0.1, 0.1]"),
    "text for days": (
        "[20, 40]", "[20, forty]", "17 signals.rate.window",
        "rate.window must be a whole number of values or a duration", "'forty'"),
    "a decimal for days": (
        "[20, 40]", "[20, 40.5]", "17 signals.rate.window",
        "rate.window must be a whole number of values or a duration", "40.5"),
    "a truth value for days": ("[20, 40]", "[20, true]", "17 signals.rate.window", VALUE, "[20, True]"),
    "a list in a list": ("[20, 40]", "[[20], 40]", "17 signals.rate.window", VALUE, "[[20], 40]"),
    "a number beyond reason": (
        "[20, 40]", f"[20, {10**30}]", "17 signals.rate.window", "a number is between -1e+15 and 1e+15",
        f"[20, {10**30}]"),
    "text for a threshold": (
        "[0.05, 0.10]", "high", "19 signals.rate.latch.on_above", "rate.on_above must be a number", "'high'"),
    "an infinite threshold": (
        "[0.05, 0.10]", "1e999", "19 signals.rate.latch.on_above", "a number is between -1e+15 and 1e+15", "inf"),
    "text for a number": (
        "{calendar: large}", "{calendar: large, periods: '252'}", "3 market.periods",
        "periods must be a number", "'252'"),
    "a truth value for a number": (
        "objective: sharpe", "risk_free: true", "46 risk_free", "risk_free must be a number", "True"),
    "a number for text": ("title: A study for tests", "title: 3", "2 title", "title must be text", "3"),
    "no periods": (
        "{calendar: large}", "{calendar: large, periods: 0}", "3 market.periods", "periods must be above 0", "0"),
    "no value": (
        "window: [20, 40]", "window:", "17 signals.rate.window",
        "a parameter has a value", "no window"),
    "a parameter that nothing names": (
        "smooth: 3", "smooth: 3\n    levl: 3", "33 signals.growth.levl", PARAMETER, "levl"),
    "a window below its least": (
        "{same_as: trend.window}", "1", "28 signals.fork.window", "fork.window must be at least 2", "1"),
    "a word that is no choice": (
        "direction: peak", "direction: up", "34 signals.growth.direction",
        "growth.direction must be one of peak, trough", "'up'"),
    "a lag of 0": ("lag: [1, 2]", "lag: [0, 1]", "40 execution.lag", "execution.lag must be at least 1", "0"),
    "a cost of all": ("[0.0, 0.001]", "[0.0, 1]", "41 execution.cost", "execution.cost must be below 1", "1"),
    "a negative cost": ("[0.0, 0.001]", "-0.1", "41 execution.cost", "execution.cost must be at least 0", "-0.1"),
    "two costs that make all": (
        "[0.0, 0.001]", "[0.001, 0.5]", "41 execution.cost", "a switch must cost less than the whole NAV", "100%"),
    # ties
    "a tie to nothing": ("same_as: trend.window", "same_as: trend", "28 signals.fork.window", TIE, "trend"),
    "a tie to itself": ("same_as: trend.window", "same_as: fork.window", "28 signals.fork.window", TIE, "fork.window"),
    "a tie to a tied axis": (
        "smooth: 3", "smooth: {same_as: fork.window}", "32 signals.growth.smooth", TIE, "fork.window"),
    "a tie to another kind": (
        "same_as: trend.window", "same_as: rate.on_above", "28 signals.fork.window",
        "fork.window must be a whole number of values or a duration", "0.05"),
    "a tie across": (
        "lag: [1, 2]", "lag: {same_as: growth.confirm}", "40 execution.lag",
        "an axis of the execution cannot be tied to an axis of a signal", "execution.lag same_as growth.confirm"),
    # base
    "a base outside the grid": (
        "rate.window: 20", "rate.window: 30", "48 base.rate.window", "base must lie in the grid", "rate.window: 30"),
    "a base outside by its short name": (
        "  lag: 1\n", "  lag: 3\n", "53 base.lag", "base must lie in the grid", "lag: 3"),
    "text in the base": (
        "rate.window: 20", "rate.window: '20'", "48 base.rate.window", "base must lie in the grid",
        "rate.window: '20'"),
    "a truth value in the base": ("  lag: 1\n", "  lag: true\n", "53 base.lag", VALUE, "True"),
    "no base on an axis": (
        "  rate.window: 20\n", "", "47 base",
        "base must give a value for every axis with more than one", "no rate.window"),
    "an unknown axis in the base": (
        "rate.window: 20", "rate.windw: 20", "48 base.rate.windw", "base names axes of the study", "rate.windw"),
    "an ambiguous short name": (
        "rate.window: 20", "window: 20", "48 base.window",
        "a short name in base must be the ending of one axis", "window"),
    "two bases for one axis": (
        "  lag: 1\n", "  lag: 1\n  execution.lag: 2\n", "54 base.execution.lag", "base gives an axis one value",
        "execution.lag: 2 beside lag: 1"),
    # latches
    "off above on": (
        "to: 0.00, step", "to: 0.10, step", "20 signals.rate.latch.off_below",
        "off_below must not lie above on_above anywhere in the grid", "off_below 0.1 with on_above 0.05"),
    "a negative gap": (
        OFF, "off_gap: -0.05", "20 signals.rate.latch.off_gap", "rate.off_gap must be at least 0", "-0.05"),
    "a level and a gap": (
        OFF, "off_below: 0.0\n      off_gap: 0.1", "21 signals.rate.latch.off_gap",
        "a latch has off_below or off_gap, not both", "off_below and off_gap"),
    "a latch that decides nothing": (
        "    when: >-\n", "    latch: {on_above: 0}\n    when: >-\n", "30 signals.growth.latch",
        "a signal with when: has no latch, its condition is the state", "latch"),
    "a number for a latch": (LATCH, "    latch: 3\n", "18 signals.rate.latch", "latch must be a mapping", "3"),
    # legs
    "a leg of both": (
        "large: large", "large: {series: large, interest: 0.01}", "11 legs.large",
        "a leg is either a series, or cash with its interest", "both"),
    "a leg of neither": (
        "large: large", "large: {}", "11 legs.large", "a leg is either a series, or cash with its interest", "neither"),
    "a list for a leg": (
        "large: large", "large: [large]", "11 legs.large", "large must be a word or a mapping", "['large']"),
    "cash with cost": (
        "{interest: 0.01}", "{interest: 0.01, cost: 0.001}", "12 legs.cash.cost",
        "cash has only the keys interest and financing", "cost"),
    "a leg of an unknown series": (
        "large: large", "large: larg", "11 legs.large", "a leg must name a series of the study", "larg"),
    "a leg that costs all": ("0.0005", "1.5", "10 legs.small.cost", "small.cost must be below 1", "1.5"),
    "a leg that loses all": (
        "cost: 0.0005", "carry: -1", "10 legs.small.carry", "small.carry must be at least -0.99", "-1"),
    "an unknown tax": (
        "cost: 0.0005", "stamp_tax: usa", "10 legs.small.stamp_tax", "stamp_tax must be 'china'", "'usa'"),
    "a tax without a date": ("cost: 0.0005", "stamp_tax: {2020: 0.1}", "10 legs.small.stamp_tax.2020", DATE, "2020"),
    "a leg without closes": (
        "large: large", "large: m1", "11 legs.large",
        "a leg must have a close above 0 on every trading day of the window and the one before",
        "large lacks 441, the first on 2020-07-01"),
    # series
    "a missing file": (
        "yield.csv", "yields.csv", "7 series.rate10", "the file of a series must exist", "{folder}/yields.csv"),
    "an unknown format": (
        "yield.csv", "yield.json", "7 series.rate10",
        "a market file is one of .csv, .tsv, .txt, .csv.gz, .tsv.gz, .txt.gz, .parquet, .xlsx, .xlsm, .xlsb, .xls, "
        ".ods, .day, .lc1, .lc5", "yield.json"),
    "a wrong column": (
        "field: y10", "field: y1", "7 series.rate10",
        "the file yield.csv must have the column that a series names", "y1"),
    "a wrong column of dates": (
        "date: month", "date: mnth", "8 series.m1",
        "the file money.csv must have the column that a series names", "mnth"),
    "a wrong code": ("code: 000300", "code: 000301", "5 series.large", "index.csv must hold the code", "000301"),
    "a value of where that is none": (
        "code: 000300", "where: {code: [000300]}", "5 series.large.where.code",
        "a value of `where` is text or a number", "['000300']"),
    "a wrong column of where": (
        "code: 000300", "where: {cod: 000300}", "5 series.large",
        "the file index.csv must have the column that a series names", "cod"),
    "a sheet of a text file": (
        "code: 000300", "code: 000300, sheet: S", "5 series.large", "only a workbook has sheets",
        "sheet S of index.csv"),
    "a code as a number": ("code: 000300", "code: 300", "5 series.large.code", "code must be text", "300"),
    "two series as one": (
        "code: 000300, field", "field", "5 series.large",
        "a series has one row for each date, but index.csv holds several series",
        "2 in column code: 000300, 000852"),
    "text as values": (
        "field: y10", "field: date", "7 series.rate10", "values must be numbers",
        "'2020-01-01' at yield.csv:2"),
    "an unknown release column": (
        "usable_from}", "usable}", "8 series.m1",
        "a release that names a column needs that date column in the file", "usable"),
    "a release of nonsense": ("usable_from}", "3 weeks}", "8 series.m1.release", RELEASE, "'3 weeks'"),
    "a negative release": ("usable_from}", "-1}", "8 series.m1.release", RELEASE, "-1"),
    "one release twice": (
        "release: [0, 1]", "release: [1, 1 day]", "7 series.rate10.release",
        "each release occurs once on its axis", "1 and '1 day'"),
    "a release swept for nothing": (
        "legs:\n", "  spare: {file: yield.csv, field: y10, release: [0, 1]}\nlegs:\n", "9 series.spare.release",
        "a release is swept only for a series that a signal measures", "spare"),
    "a monthly series without a release": (
        ", release: usable_from}", "}", "8 series.m1", "a monthly series needs its release", "no release of m1"),
    # the window
    "a date in another order": ("2020-07-01", "01.07.2020", "43 window.from", DATE, "'01.07.2020'"),
    "a date without hyphens": ("2020-07-01", "20200701", "43 window.from", DATE, "20200701"),
    "a date of no calendar": ("2020-07-01", "2020-02-30", "43 window.from", DATE, "'2020-02-30'"),
    "a window backwards": (
        "2022-03-31", "2021-03-31", "45 window.to", WINDOW, "published 2021-07-01, to 2021-03-31"),
    "published before the window": (
        "2021-07-01", "2020-06-01", "44 window.published", WINDOW, "from 2020-07-01, published 2020-06-01"),
    "published after the calendar": (
        "published: 2021-07-01\n  to: 2022-03-31", "published: 2024-01-01", "44 window.published",
        "the publication date must leave two trading days of the window on each side",
        "2024-01-01, the window runs 2020-07-01 to 2022-04-19"),
    "a window of one date": (
        DATES, "  from: 2020-07-03\n  to: 2020-07-03\n", "44 window.to", WINDOW, "from 2020-07-03, to 2020-07-03"),
    "a window of one trading day": (
        DATES, "  from: 2020-07-03\n  to: 2020-07-05\n", "44 window.to",
        "the window must hold two trading days or more", "2020-07-03 to 2020-07-03"),
    "a window of a weekend": (
        DATES, "  from: 2020-07-04\n  to: 2020-07-05\n", "44 window.to",
        "the window must hold two trading days or more", "none from 2020-07-04 to 2020-07-05"),
    "a window after the calendar": (
        "to: 2022-03-31", "to: 2022-12-31", "45 window.to", "the calendar must reach the end of the window",
        "2022-12-31, the calendar ends 2022-04-19"),
    "a window before the calendar": (
        "2020-07-01", "2019-07-01", "43 window.from", "the window must begin on the calendar, after its first day",
        "2019-07-01, the calendar runs 2020-01-01 to 2022-04-19"),
    "a window from the first day": (
        "2020-07-01", "2020-01-01", "43 window.from", "the window must begin on the calendar, after its first day",
        "2020-01-01, the calendar runs 2020-01-01 to 2022-04-19"),
    "a window too early": (
        "2020-07-01", "2020-02-10", "43 window.from", SLOW,
        "window.from 2020-02-10, trend (trend.window=60) is defined from 2020-03-24"),
    "a window longer than the data": (
        "[20, 40]", "[20, 5000]", "43 window.from", SLOW,
        "window.from 2020-07-01, rate (rate.window=5000, rate10.release=0) is defined from no day"),
    "a lag longer than the data": (
        "lag: [1, 2]", "lag: [1, 131]", "40 execution.lag",
        "the longest lag must reach back to a day of the calendar", "131, 130 trading days lie before the window"),
    # YAML
    "a repeated key": (
        "objective: sharpe", "objective: sharpe\nobjective: cagr", "47 objective", "a key must occur once",
        "objective on lines 46 and 47"),
    "a repeated key inside": (
        "smooth: 3", "smooth: 3\n    smooth: 4", "33 signals.growth.smooth", "a key must occur once",
        "smooth on lines 32 and 33"),
    "an open bracket": ("[20, 40]", "[20, 40", "18", YAML, "expected ',' or ']', but got ':'"),
    "a tab": ("    smooth", "\tsmooth", "32", YAML, "found character '\\t' that cannot start any token"),
    "a tag": (
        "[20, 40]", "!python/object:os.system 3", "17", YAML,
        "could not determine a constructor for the tag '!python/object:os.system'"),
    "an alias": (
        "window: [20, 40]", "window: &w [20, *w]", "17",
        "a study file must not use YAML aliases", "*w"),
    "a key that is a number": ("objective: sharpe", "3: sharpe", "46 3", "a key must be a word", "3"),
}  # fmt: skip
