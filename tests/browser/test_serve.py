"""The lab in Chromium: it is painted, answers keys, is alone in its tab, ends with it, and asks nobody else."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from tests.browser.chromium import Visit, browser
from tests.served import labs, served, until


def step(text: str) -> int:
    """The step the lab is at."""
    found = re.search(r"step ([\d ]+) /", text)
    return int(found[1].replace(" ", "")) if found else -1


def dropout(text: str) -> float:
    found = re.search(r"(?<!input )dropout +◂ +([\d.]+)", text)
    return float(found[1]) if found else -1.0


def test_a_tab_is_a_lab_that_trains_answers_and_ends(tmp_path: Path) -> None:
    with served(tmp_path) as (server, port), browser() as chromium:
        visit = Visit(chromium, f"http://127.0.0.1:{port}")
        visit.until(lambda text: step(text) > 0 and dropout(text) == 0.0)
        assert visit.inks > 8

        visit.press("Space")
        rested = step(visit.until(lambda text: "paused" in text))
        visit.press("d")
        visit.until(lambda text: dropout(text) > 0.0)
        assert step(visit.text) == rested
        visit.press(".", ".")
        visit.until(lambda text: step(text) == rested + 2)
        visit.press("Space")
        visit.until(lambda text: "running" in text and step(text) > rested + 20)

        other = Visit(chromium, f"http://localhost:{port}")
        beside = other.until(lambda text: step(text) >= 0)
        assert step(beside) < step(visit.text) and dropout(beside) == 0.0 < dropout(visit.text)
        both = labs(server.pid)
        visit.page.close()
        until(lambda: len(labs(server.pid)) == 1)
        assert labs(server.pid) < both and len(both) == 2

        assert visit.wrong == other.wrong == []

        other.press("q")
        other.page.get_by_text("This lab has ended.").wait_for()
        until(lambda: not labs(server.pid))
        other.page.get_by_role("button", name="Open another").click()
        other.until(lambda text: step(text) >= 0)

        asked = [urlsplit(place) for place in visit.asked + other.asked]
        assert {place.hostname for place in asked if place.scheme != "data"} == {"127.0.0.1", "localhost"}
        assert {place.scheme for place in asked} <= {"http", "ws", "data"}


def test_the_letters_are_those_of_the_page(tmp_path: Path) -> None:
    with served(tmp_path) as (_, port), browser() as chromium:
        visit = Visit(chromium, f"http://127.0.0.1:{port}")
        assert visit.page.title() == "tuilab"
        visit.until(lambda text: step(text) >= 0)
        assert visit.page.evaluate("document.fonts.check('16px \"Roboto Mono\"')")
        assert visit.page.get_by_text("tuilab is starting").is_hidden()
        assert sum("RobotoMono" in place for place in visit.asked) == 2
