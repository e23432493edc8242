"""The catalogue is whole in both languages, and a Chinese page has no English words left."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from html import unescape

import pytest
import yaml

from gridproof.results.report.packed import unpack
from gridproof.results.report.report import report_language, write_report
from gridproof.results.texts.catalogue import APART, read_messages
from gridproof.results.texts.markup import keep_dates_whole, translate_figure, translate_page
from gridproof.results.texts.translation import Translation, chinese_factors, fields_of, translate
from tests.support.run_folder import write_run
from tests.support.search_folder import write_search
from tests.support.search_page import add_verdict
from tests.support.statistics_record import write_statistics

STUDIES = pathlib.Path(__file__).parents[3] / "studies"

# Words of the field and of the software that a Chinese reader knows by these names.
_KEPT = {
    "PBO", "DSR", "PSR", "SPA", "StepM", "BHY", "CPCV", "TPE", "NSGA", "PED", "ANOVA", "MinTRL", "logit", "mid", "NAV",
    "Reality", "Check", "Bonferroni", "Holm", "Benjamini", "Hochberg", "Yekutieli", "Hansen", "White", "Romano", "Wolf",
    "Harvey", "Liu", "Parzen", "gridproof", "parquet", "json", "statistics", "surfaces", "variants", "trials", "top",
    "Chrome", "Firefox", "Safari", "DecompressionStream", "purge", "embargo",
}  # fmt: skip
# Names and texts of the made-up studies and records, which are not gridproof's own.
_GIVEN = re.compile(
    r"The yield <b>series</b> starts in 2006\.|It bears twelve times the study's cost\.|switches >= 10|"
    r"<(?:the )?index>|a test|"
    r"the rule's timing is better than chance；nothing shows that it beats|Not computable: fewer than seven years\.|"
    r"Ideas that were tried and dropped before this study are in no count\.|"
    r"Market impact, capacity and failed orders: returns are after the study's costs & at its lag\.|"
    r"代码[0-9a-f]{12}，数据[0-9a-f]{12}|[a-z_]+\.[a-z_]+"
)


def messages() -> list[tuple[str, str]]:
    """All pairs, also of the files that are read apart."""
    return [pair for name in (None, *APART) for pair in read_messages(name).items()]


def test_every_message_has_both_languages_and_the_same_fields() -> None:
    for english, chinese in messages():
        assert english.strip(), english
        assert chinese.strip(), english
        # A rule may name what was found.
        assert set(fields_of(chinese)) <= {*fields_of(english), "found"}, english
        lost = set(fields_of(english)) - set(fields_of(chinese))
        assert not lost, f"{english}: the Chinese text lacks {lost}"


def test_chinese_texts_are_written_as_chinese_is() -> None:
    for english, chinese in messages():
        assert not re.search(r"\d %|\d\s+万|[一-鿿] ,|[一-鿿]\.$", chinese), english
        if re.search(r"(?<!autocorr)[.]$", english) and re.search(r"[一-鿿]$", chinese):
            pytest.fail(f"{english}: the Chinese sentence has no end")


# Formulas, and what is written in a file or on a command line, keep their form.
_UNLIKE = re.compile(r" [≤≥<>=±]|[≤≥<>=±] |[一-鿿] [\w{]|[\w}] [一-鿿]|[一-鿿][,;:?!()]|[,;:()][一-鿿]", re.ASCII)
_CODE = re.compile(r"`[^`]*`|where: \{.*\}|\b[a-z_]+:(?: \S+)?|[\w}]+ [<>] 0")


def test_signs_and_marks_are_those_of_chinese_texts() -> None:
    """One rule: 30%, ≤0.05, p=0.006, 0.02±0.01, >2日; no space beside a number or a name, full-width marks."""
    for name in (None, *APART):
        for english, chinese in read_messages(name).items() if name != "operators" else ():
            plain = _CODE.sub("", chinese)
            assert not (found := _UNLIKE.search(plain)), f"{english}: {chinese}: {found}"


# Other words for what the glossary has one word for, as a regular expression.
_DEVIATIONS = (
    "延迟|延时|披露|强于|剪除|文件夹|锁存|清洗交叉|收缩夏普|组合配置|冷却|滚动前推|价值（worth）|止蚀|卖空|过度拟合|最大跌幅|换仓率|"
    "夏普率|夏普值|信息系数IC|参数平台|参数高原|置信度区间"
)


def test_a_concept_has_one_word() -> None:
    texts = [chinese for _, chinese in messages()]
    texts.append(STUDIES.parent.joinpath("README.zh-CN.md").read_text(encoding="utf-8"))
    assert [text for text in texts if re.search(_DEVIATIONS, text)] == []


def left_over(page: str) -> Iterator[str]:
    """English words of a page's texts, without names of the study and words that stay."""
    body = re.sub(r"<(script|style|code|title|h1)\b.*?</\1>", " ", page, flags=re.DOTALL).replace("<wbr>", "")
    for text in re.split(r"<[^>]+>", body):
        plain = _GIVEN.sub("", unescape(" ".join(text.split())))
        for word in re.findall(r"[A-Za-z]{3,}", plain):
            if word not in _KEPT and word not in NAMES:
                yield f"{word}: {plain}"


# Names of axes, series and legs in the made-up studies.
NAMES = {
    "small", "value", "cash", "rate", "crowd", "yield", "window", "trend", "guarded", "plain", "rule", "use", "off",
    "cpu", "and", "otherwise",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["run", "verdict"])
def test_a_chinese_page_has_no_english_left(tmp_path: pathlib.Path, kind: str) -> None:
    folder = write_run(tmp_path, days=700)
    if kind == "verdict":
        write_statistics(folder)
    page = write_report(folder, "zh").read_text(encoding="utf-8")
    assert report_language(folder) == "zh"
    assert list(left_over(page)) == []
    texts = re.split(r"<[^>]+>", re.sub(r"<(script|style|code|title|h1)\b.*?</\1>", " ", page, flags=re.DOTALL))
    assert [text for text in texts if re.search(r"[一-鿿\d%] ?[≤≥<>=±] | [≤≥<>=±][一-鿿\d{]", unescape(text))] == []


def test_what_a_screen_reader_says_of_a_figure_is_chinese() -> None:
    page = '<svg role="img" aria-label="Long–short NAV" viewBox="0"><text>x</text></svg>'
    assert translate_page(page, "zh", chinese_factors()) == page.replace("Long–short NAV", "多空净值")
    assert translate_page(page, "en") == page
    assert translate_page('<svg aria-label="my own words">', "zh") == '<svg aria-label="my own words">'


def test_a_selection_that_an_account_does_not_follow_is_chinese() -> None:
    text = "small, base: the sweep differs from an account that trades share by share: CAGR 470.4% against 53.7%; "
    assert translate(f"{text}drawdown -29.2% against -44.8%", "zh") == (
        "small, base：扫描结果与逐股交易的账户相差较大：年化收益470.4%，账户53.7%；最大回撤-29.2%，账户-44.8%"
    )


def test_the_page_of_a_search_is_chinese_too(tmp_path: pathlib.Path) -> None:
    page = write_report(add_verdict(write_search(tmp_path)), "zh").read_text(encoding="utf-8")
    assert list(left_over(page)) == []


def test_figures_are_translated_and_their_data_kept(tmp_path: pathlib.Path) -> None:
    page = write_report(write_run(tmp_path), "zh").read_text(encoding="utf-8")
    found = re.search(r'id="figures">(.*?)</script>', page)
    assert found is not None
    text = unpack(found.group(1))
    assert "持有small" in text
    assert "净值（对数）" in text
    assert '"hold small"' not in text


def test_names_numbers_and_lists_keep_their_place() -> None:
    made = Translation(
        {
            "Sharpe ratio {n}": "夏普比率{n}",
            "From base to best: {list}.": "变化：{list}。",
            "Good: {clauses}.": "有效：{clauses}。",
            "it beats {name} (p {n})": "强于{name}（p={n}）",
            "hold {leg}": "持有{leg}",
        }
    )
    assert made("Sharpe ratio −0.32") == "夏普比率−0.32"
    assert made("From base to best: a 1 → 2, b 3 → 4 and c.") == "变化：a 1 → 2、b 3 → 4、c。"
    assert made("Good: it beats hold x (p 0.01; twice); it beats y (p 0.02).").startswith("有效：")
    assert made("it beats hold nasdaq (p 0.010)") == "强于持有nasdaq（p=0.010）"
    assert made("it beats y (p < 0.001)") == "强于y（p<0.001）"
    assert made("nothing of it") == "nothing of it"
    assert made("Sharpe ratio 1.00; Sharpe ratio 2.00") == "夏普比率1.00；夏普比率2.00"


def test_sentences_of_which_one_is_translated_keep_their_spaces() -> None:
    made = Translation({"Rerun it.": "请重新运行。"}, whole=True)
    assert made("ray 0.1 is old. Rerun it. Some words stay. Rerun it.") == (
        "ray 0.1 is old. 请重新运行。Some words stay. 请重新运行。"
    )


def test_a_sentence_of_an_author_is_not_cut_by_a_short_message() -> None:
    for note in (
        "The paper leaves stocks for government bonds after a loss over some months, and returns after a gain.",
        "Prices are set against the close of the day before.",
    ):
        assert translate(note, "zh") == note
    assert translate("rate.window against fork.window", "zh") == "rate.window与fork.window"
    assert translate("a, b and c for Sharpe ratio", "zh") == "夏普比率：a、b、c"


def test_every_stage_of_the_verdict_is_shown_in_chinese() -> None:
    sources = pathlib.Path(__file__).parents[3].joinpath("sweeps", "verdict").glob("*.py")
    stages = {stage for source in sources for stage in re.findall(r'"(verdict: [^"]+)"', source.read_text("utf-8"))}
    assert len(stages) >= 10
    assert [stage for stage in sorted(stages) if f"{stage}:" not in read_messages()] == []


def test_a_study_named_like_a_message_stays_text() -> None:
    page = "<h1>Sharpe ratio</h1><p>Sharpe ratio</p><code>Values</code><script>Values</script>"
    assert translate_page(page, "zh") == page.replace("<p>Sharpe ratio</p>", "<p>夏普比率</p>")
    assert translate_page(page, "en") == page
    assert translate_figure({"name": "Drawdown", "type": "Drawdown"}, "zh") == {"name": "回撤", "type": "Drawdown"}
    assert translate("Drawdown", "en") == "Drawdown"


def test_a_name_of_the_study_that_is_also_a_word_of_the_page_is_kept() -> None:
    assert chinese_factors()("turnover, neutral to industry") == "turnover，对industry中性化"
    assert chinese_factors()("size, n 20, in liquid, neutral to value") == "size, n 20，股票池liquid，对value中性化"


def test_every_installed_study_has_a_chinese_title_and_others_keep_theirs() -> None:
    titles = re.findall(r"^title: (.+)$", "\n".join(path.read_text() for path in STUDIES.rglob("*.yaml")), re.MULTILINE)
    assert len(titles) > 40
    assert [title for title in titles if title not in read_messages("titles")] == []
    page = "<title>{0} – gridproof</title><h1>{0}</h1>"
    assert translate_page(page.format("Nasdaq or S&amp;P 500, and when to be out"), "zh") == page.format(
        "纳斯达克与标普500轮动，兼择时空仓"
    )
    assert translate_page(page.format("Base"), "zh") == page.format("Base")


def test_dates_and_months_of_a_page_stay_whole() -> None:
    page = '<p title="2020-01-02">截至2020-01-02，2020-01</p><td>12020-01-02 to 2020-01-033</td><code>a</code>'
    page += "<svg><text>2020-01-02</text></svg><script>2020-01-02</script>"
    one, month = '<span class="date">2020-01-02</span>', '<span class="date">2020-01</span>'
    assert keep_dates_whole(page) == page.replace("截至2020-01-02，2020-01", f"截至{one}，{month}")


def test_notes_of_shipped_studies_stay_whole() -> None:
    """No message turns a part of an author's sentence into Chinese."""
    folder = pathlib.Path(__file__).parents[3] / "studies"
    for file in sorted(folder.glob("*.yaml")):
        for note in yaml.safe_load(file.read_text(encoding="utf-8")).get("notes", []):
            found = translate(note, "zh")
            assert found.split() == note.split() or not re.search("[a-z]{4,} [a-z]{2,} ", found), found
