"""Pages in a real browser, on a wide screen and on a phone, by daylight and in the dark, and printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gridproof.results.report.cell_colours import cell_colour, contrast, luminance
from gridproof.results.report.report import write_report
from tests.support.browser import BROWSER, Browser
from tests.support.run_folder import AXES, write_run
from tests.support.search_folder import write_search
from tests.support.search_page import add_verdict
from tests.support.statistics_record import write_statistics

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

INK_ON_PAPER, INK_IN_THE_DARK = "rgb(28, 28, 30)", "rgb(233, 233, 228)"
_FILLS = "[...document.querySelectorAll('.plot .xtick text')].map((one) => getComputedStyle(one).fill)"
# kind, language, width in pixels, dark: a run with its verdict, and a search for several objectives.
VERDICT, SEARCH = ("verdict", "zh", 1400, False), ("several", "en", 390, True)

# What reaches beyond the right edge of an element, outside of boxes that scroll.
_WIDE = """((edge, inside) => {
  const limit = edge.getBoundingClientRect().right;
  const boxes = [...document.querySelectorAll("main *")].map((one) => [one, one.getBoundingClientRect()]);
  return boxes.filter(([one, box]) => box.width && box.right > limit + 1 && !one.closest(inside))
    .map(([one]) => `${one.tagName} ${one.id || one.className}: ${one.textContent.slice(0, 40)}`).slice(0, 5);
})"""
# Pairs of texts of one figure that cover each other by more than two pixels both ways.
_COVERED = """(() => {
  const found = [];
  for (const plot of document.querySelectorAll(".plot")) {
    const texts = [...plot.querySelectorAll("svg :not(.hoverlayer) > text")].filter((one) => one.textContent.trim());
    const boxes = texts.map((one) => one.getBoundingClientRect());
    for (let i = 0; i < texts.length; i++) for (let j = 0; j < i; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 2 && high > 2) found.push(`${plot.id}: "${texts[j].textContent}" and "${texts[i].textContent}"`);
    }
  }
  return found;
})()"""
# [text, contrast] of every visible text below 4.5 against what lies behind it (WCAG 2); not the numbers in the cells of
# a heat map, behind which lies no element: ``test_cell_colours`` and a test below have these.
_PALE = """(() => {
  const rgba = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const over = (top, below) => [0, 1, 2].map((k) => top[k] * top[3] + below[k] * (1 - top[3]));
  const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (colour) => colour.reduce((sum, v, k) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = (one) => {
    const own = rgba(getComputedStyle(one).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, behind(one.parentElement));
  };
  const found = {};
  for (const one of document.querySelectorAll("main *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const box = one.getBoundingClientRect(), drawn = one.closest("svg");
    if (!own || !box.width || one.closest(".textpoint, .hoverlayer, script, style, select, option")) continue;
    const style = getComputedStyle(one), back = behind(drawn ? drawn.closest(".plot, p") : one);
    const front = over(rgba(drawn ? style.fill : style.color), back);
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found[one.textContent.trim().slice(0, 40)] = [contrast.toFixed(2), front, back];
  }
  return found;
})()"""
# Two axes of few values on the map whose axes a reader chooses; its limits, its numbers and their colours.
_CHOOSE = """void [["x", "rate.window"], ["y", "crowd.on_above"]].forEach(([side, axis]) => {
  const list = document.getElementById(`explorer-${side}`);
  list.value = axis;
  list.dispatchEvent(new Event("change"));
})"""
_NUMBERS = """(([map, numbers]) => [map.zmin, map.zmax, numbers.text, numbers.textfont.color])(
  document.getElementById("explorer-map").data)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as started:
        yield started


@pytest.fixture(scope="module", params=[VERDICT, SEARCH], ids=lambda one: " ".join(map(str, one)))
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """The browser with a page open."""
    kind, language, width, dark = request.param
    folder = tmp_path_factory.mktemp(kind)
    if kind == "verdict":
        write_statistics(write_run(folder, days=700))
    else:
        folder = add_verdict(write_search(folder, objectives=3))
    browser.open(write_report(folder, language), width, dark=dark)
    return browser


of_a_run = pytest.mark.parametrize("page", [VERDICT], indirect=True, ids=["run"])


def test_every_figure_is_drawn_without_an_error(page: Browser) -> None:
    assert page.faults == []
    assert int(page.evaluate("document.body.dataset.drawn")) > 15
    assert page.evaluate("[...document.querySelectorAll('.plot')].filter((one) => !one.innerHTML).length") == 0


def test_nothing_is_cut_off_or_covered(page: Browser) -> None:
    assert _cut_off_or_covered(page) == []


def test_every_text_stands_out_from_its_background(page: Browser) -> None:
    assert page.evaluate(_PALE) == {}


@of_a_run
def test_mouse_on_a_figure_shows_its_values(page: Browser) -> None:
    page.move(*_middle(page, "figure-first"))
    page.wait("document.querySelectorAll('#figure-first .hoverlayer text').length > 1")
    shown = page.evaluate(
        "[...document.querySelectorAll('#figure-first .hoverlayer text')].map((one) => one.textContent)"
    )
    assert any(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) for text in shown), shown


@of_a_run
def test_click_on_a_cell_gives_the_command_of_its_curve(page: Browser) -> None:
    page.click(*_middle(page, "explorer-map"))
    page.wait("document.getElementById('explorer-command').textContent")
    command = page.evaluate("document.getElementById('explorer-command').textContent")
    found = re.fullmatch(r"gridproof point study\.yaml (\S+)=(\S+) (\S+)=(\S+) --curve curve\.csv", command)
    assert found, command
    chosen = dict(zip(found.groups()[::2], found.groups()[1::2], strict=True))
    assert list(chosen) == page.evaluate("['explorer-x', 'explorer-y'].map((id) => document.getElementById(id).value)")
    assert all(value in [str(one) for one in AXES[name]] for name, value in chosen.items())
    # One more click selects all of it, ready to copy.
    page.click(*_middle(page, "explorer-command"))
    assert page.evaluate("String(getSelection()).trim()") == command


@of_a_run
def test_numbers_of_the_chosen_map_stand_out_from_their_cells(page: Browser) -> None:
    page.evaluate(_CHOOSE)
    page.settle()
    low, high, texts, colours = page.evaluate(_NUMBERS)
    assert 10 < len(texts) <= len(AXES["rate.window"]) * len(AXES["crowd.on_above"])  # some are undefined
    for text, colour in zip(texts, colours, strict=True):
        light = luminance(cell_colour(float(text.replace("−", "-")), (low, high)))
        assert contrast(light, {"#000000": 0.0, "#ffffff": 1.0}[colour]) >= 4.4, text  # the text is rounded


@of_a_run
def test_page_fits_a_phone(page: Browser) -> None:
    page.resize(390)
    page.settle()
    assert _cut_off_or_covered(page) == []


@of_a_run
def test_dark_page_prints_in_daylight_with_nothing_cut_off(page: Browser) -> None:
    page.colours(dark=True)
    page.settle()
    assert page.evaluate(_PALE) == {}
    wide = f"{_WIDE}(document.querySelector('main'), 'details, svg *')"
    look = f"window.paper = {{ wide: {wide}, colours: [...new Set({_FILLS})] }}"
    page.evaluate(f"void addEventListener('beforeprint', () => {{ {look} }})")
    printed = page.print()
    assert page.evaluate("window.paper") == {"wide": [], "colours": [INK_ON_PAPER]}
    assert 6 <= len(re.findall(rb"/Type /Page\b", printed)) <= 14
    assert page.evaluate(f"[...new Set({_FILLS})]") == [INK_IN_THE_DARK]


def _cut_off_or_covered(page: Browser) -> list[object]:
    """What is wider than the page, and the texts that cover each other, once figures have the size of the page.

    On a busy machine they are drawn again for it seconds later.
    """
    for _ in range(50):
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wide = page.evaluate(f"{_WIDE}(document.documentElement, '.scroll, svg, details')")
        found = [*([f"the page, by {beyond} px"] if beyond else []), *wide, *page.evaluate(_COVERED)]
        if not found:
            break
        page.settle()
    return found


def _middle(page: Browser, name: str) -> tuple[float, float]:
    """The middle of an element on the screen, after scrolling to it."""
    page.evaluate(f"document.getElementById({name!r}).scrollIntoView({{ block: 'center' }})")
    box = f"document.getElementById({name!r}).getBoundingClientRect()"
    left, top, width, height = page.evaluate(f"(({{ x, y, width, height }}) => [x, y, width, height])({box})")
    return left + width / 2, top + height / 2
