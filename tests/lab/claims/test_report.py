"""The page about claims: every verdict, its numbers, what others published; nothing fetched from anywhere."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from tests.lab.test_run_report import checked
from tuilab.lab.arms import Arm, Claim, Published
from tuilab.lab.claims.judge import Verdict, effect_of
from tuilab.lab.claims.report import html
from tuilab.lab.claims.statistics import UNKNOWN
from tuilab.lab.preset import Preset

CLAIM = Claim(
    3, "Dropout <lowers> the error", "test_error", ("with", "without"), "less", seeds=3, budget_s=9.0,
    published=(Published("A. Author & B. Author, 2014", "Table 2", "1.25 % against 1.60 %"),),
)  # fmt: skip
PRESET = Preset(
    "digits", widths=(64,) * 30, description="What it is & how.\n\nIts regime.", train_size=500, steps=40, claim=CLAIM,
    arms=(Arm("with", (("dropout", 0.5),)), Arm("without")),
)  # fmt: skip


def verdict(rows: list[tuple[float, ...]], claim: Claim = CLAIM, **more: object) -> Verdict:
    effect = effect_of(rows, claim)
    holds = effect.is_beyond(claim.bound, claim.direction)
    return replace(Verdict("03-dropout", claim, tuple(rows), effect, holds, 1.25), **more)


def test_a_claim_that_holds_is_shown_with_its_points_and_what_others_found() -> None:
    made = verdict([(1.0, 3.0), (1.5, 3.5), (2.0, 4.5)])
    text = html([(PRESET, made)])
    checked(text)
    assert made.holds is True and text.count("<svg") == 1 and text.count('r="4"') == 6 and text.count('r="5"') == 1
    assert "Dropout &lt;lowers&gt; the error" in text and "What it is &amp; how." in text and "holds" in text
    assert "A. Author &amp; B. Author, 2014" in text and "Table 2" in text and "1.25 % against 1.60 %" in text
    assert "with 1.5, without 3.67" in text and "−2.17" in text and "1.2 s of a budget of 9 s" in text
    assert "30 hidden layers of 64" in text and "500 training rows" in text and "dropout = 0.5" in text


def test_one_that_does_not_hold_and_one_that_was_not_measured_are_told_so() -> None:
    lost = verdict([(3.0, 1.0), (4.0, 1.0), (math.nan, 1.0)], note="1 of 3 seeds gave no number")
    unknown = replace(verdict([(1.0, 3.0)] * 2), values=(), effect=UNKNOWN, holds=None, note="no GPU here")
    text = html([(PRESET, lost), (replace(PRESET, claim=None, arms=()), unknown)])
    checked(text)
    assert "does not hold" in text and "1 of 3 seeds gave no number" in text and not re.search(r"\bnan\b", text)
    assert "with –, without 1" in text
    assert "not measured" in text and "no GPU here" in text and text.count("<svg") == 1 and "–" in text


def test_a_ratio_is_drawn_on_a_logarithmic_axis_and_a_study_names_no_run() -> None:
    study = Claim(9, "NAG looks ahead", "overshoot", ("nag", "momentum"), "greater", "ratio", 1.0, seeds=2)
    text = html([(Preset("xor", claim=study), verdict([(10.0, 1.0), (120.0, 1.0)], study))])
    checked(text)
    assert "overshoot: how far a run goes past" in text and "arm nag" not in text and ">100<" in text
    value = Claim(1, "Vanish", "gradient_decades", ("deep",), "less", "value", 0.0, seeds=2)
    text = html([(Preset("xor", claim=value, arms=(Arm("deep"),)), verdict([(-3.0,), (-4.0,)], value))])
    checked(text)
    assert "The value" in text and "deep −3.5" not in text  # no published figure, nothing beside it
