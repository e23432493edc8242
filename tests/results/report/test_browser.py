"""The page in a real browser: it draws without an error, and nothing is cut off on a wide screen or on a phone."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
from html import unescape

import pytest

from gridproof.results.report.report import write_report
from tests.support.run_folder import write_run
from tests.support.statistics_record import write_statistics

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (1400, 390)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

_WATCH = """<script>
window.faults = [];
addEventListener("error", (event) => faults.push(event.message));
addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
</script>"""
# Loads the page at each width, and waits until its figures are drawn. Wide tables may scroll inside their own box.
_FRAMES = """<!doctype html><body><pre id="found">waiting</pre><script>
const measure = (frame) => {
  const page = frame.contentDocument, limit = page.documentElement.clientWidth;
  const wide = [...page.querySelectorAll("body *")].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width && box.right > limit + 1 && !one.closest(".scroll, svg, details");
  });
  return {
    drawn: page.body.dataset.drawn, empty: [...page.querySelectorAll(".plot")].filter((one) => !one.innerHTML).length,
    faults: frame.contentWindow.faults, scroll: page.documentElement.scrollWidth - limit,
    wide: wide.slice(0, 5).map((one) => one.tagName + "." + one.className),
  };
};
const frames = WIDTHS.map((width) => {
  const frame = document.createElement("iframe");
  Object.assign(frame, { src: "page.html", width, height: 900 });
  document.body.append(frame);
  return frame;
});
const timer = setInterval(() => {
  if (!frames.every((one) => one.contentDocument?.body?.dataset.drawn)) return;
  clearInterval(timer);
  setTimeout(() => {
    document.getElementById("found").textContent = JSON.stringify(frames.map(measure));
  }, 300);
}, 200);
</script></body>"""


@pytest.mark.parametrize("language", ["zh"])
def test_page_is_drawn_whole_at_both_widths(tmp_path: pathlib.Path, language: str) -> None:
    assert BROWSER is not None
    folder = write_statistics(write_run(tmp_path, days=700))
    page = write_report(folder, language).read_text(encoding="utf-8")  # type: ignore[arg-type]
    (tmp_path / "page.html").write_text(page.replace("<head>", f"<head>{_WATCH}"), encoding="utf-8")
    (tmp_path / "frames.html").write_text(_FRAMES.replace("WIDTHS", json.dumps(WIDTHS)), encoding="utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--window-size=1900,1000",
    ]
    command = [BROWSER, *options, "--virtual-time-budget=60000", "--dump-dom", f"file://{tmp_path}/frames.html"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True).stdout
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found is not None
    for one in json.loads(unescape(found.group(1))):
        assert int(one["drawn"]) > 15
        assert one | {"drawn": 0} == {"drawn": 0, "empty": 0, "faults": [], "scroll": 0, "wide": []}
