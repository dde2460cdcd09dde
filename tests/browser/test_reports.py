"""The pages about runs and claims in Chromium: nothing is fetched, nothing sticks out, every word can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Visit, browser
from tuilab.cli import main

#: Of all words: how many pixels high the smallest is, and how far the faintest stands out from what is behind it.
_LEGIBLE = """() => {
  const light = color => color.match(/[\\d.]+/g).slice(0, 3)
    .map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0)
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor
      if (color !== "rgba(0, 0, 0, 0)") return color
    }
  }
  let least = Infinity, faintest = Infinity
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, style = getComputedStyle(node)
    if (!walker.currentNode.data.trim() || !node.getClientRects().length || node.tagName === "title") continue
    const scale = node.getScreenCTM && node.tagName === "text" ? node.getScreenCTM().a : 1
    least = Math.min(least, parseFloat(style.fontSize) * scale)
    const [one, other] = [light(node.tagName === "text" ? style.fill : style.color), light(behind(node))]
    faintest = Math.min(faintest, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05))
  }
  return [least, faintest]
}"""

#: Words of a table that are broken where no space is, hashes and paths apart.
_BROKEN = """() => [...document.querySelectorAll("td, th")].filter(cell => {
  const range = document.createRange(), text = cell.firstChild
  if (!text || text.nodeType !== Node.TEXT_NODE) return false
  return [...text.data.matchAll(/\\S+/g)].some(word => {
    if (word[0].length > 24) return false
    range.setStart(text, word.index)
    range.setEnd(text, word.index + word[0].length)
    return range.getClientRects().length > 1
  })
}).map(cell => cell.textContent)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    run, claims = folder / "run", folder / "claims.html"
    turned = ["--at", "100", "dropout=0.3", "--at", "200", "lr=0.0005", "--when", "val_accuracy above 0.9", "lr=/10"]
    assert main(["run", "digits", "--steps", "400", "--out", str(run), *turned]) == 0
    assert main(["export", str(run), "--to", "html", "--out", str(folder / "run.html")]) == 0
    assert main(["claims", "2", "08-momentum-rolls", "--seeds", "2", "--html", str(claims)]) in (0, 1)
    return {"run": folder / "run.html", "claims": claims}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as made:
        yield made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["run", "claims"])
def test_a_page_is_whole_and_legible(pages: dict[str, Path], chromium: Any, name: str, width: int, scheme: str) -> None:
    place = pages[name].as_uri()
    visit = Visit(chromium, place, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert visit.asked == [place] and visit.wrong == []
    ask = visit.page.evaluate
    assert ask("document.documentElement.scrollWidth") == width
    assert ask("document.querySelectorAll('svg path.line').length") >= 2
    paper = ask("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(18, 21, 28)"}[scheme]
    least, faintest = ask(_LEGIBLE)
    assert least >= 9.0 and faintest >= 4.5
    assert ask(_BROKEN) == []
    visit.context.close()


def test_the_picture_in_the_readme_asks_for_nothing(chromium: Any) -> None:
    place = (Path(__file__).resolve().parents[2] / "docs" / "lab.svg").as_uri()
    visit = Visit(chromium, place)
    assert visit.asked == [place] and visit.wrong == []
    assert visit.page.evaluate("document.querySelectorAll('text').length") > 100
    visit.context.close()
