"""What came out of the claims as a page of its own: a table, and each claim's points, interval and curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from tuilab.lab.arms import Claim
from tuilab.lab.claims.curves import plot
from tuilab.lab.claims.judge import Verdict
from tuilab.lab.claims.names import METRICS, STUDIES
from tuilab.lab.machine import facts
from tuilab.lab.plots.draw import figure
from tuilab.lab.plots.points import Interval, compared
from tuilab.lab.preset import Preset, summary
from tuilab.lab.run_report import page, table

WORDS = {True: "holds", False: "does not hold", None: "not measured"}
_STYLES = {True: "good", False: "bad", None: "faint"}
_COUNTS = {True: "hold", False: "do not hold", None: "not measured"}
_EFFECTS = {"value": "The value", "difference": "The first less the second", "ratio": "The first over the second"}

_CURVES = "Mean over the seeds with its 95 % interval, as far as every run went."


def html(judged: Sequence[tuple[Preset, Verdict]]) -> str:
    """The page about the claims of these presets, in their order."""
    verdicts = [verdict for _, verdict in judged]
    counts = [(sum(v.holds is state for v in verdicts), word) for state, word in _COUNTS.items()]
    seconds = sum(v.seconds for v in verdicts)
    cards = "".join(f"<div><b>{count}</b><span>{word}</span></div>" for count, word in counts if count)
    machine = facts()
    where = f"tuilab {machine['tuilab']}, {machine['cpu']}, {machine['cores']} cores"
    return page("tuilab claims", [
        "<h1>What is said about training, put to the test</h1>",
        "<p class='faint'>A claim holds if the whole 95 % interval of the effect over the seeds lies on its side of the"
        " bound. Every seed is a split, a start and a shuffle of its own, the same for both arms.</p>",
        f"<div class='figures'>{cards}<div><b>{seconds:,.0f} s</b><span>{escape(where)}</span></div></div>",
        f"<div class='card wide'>{_overview(verdicts)}</div>",
        *(_section(preset, verdict) for preset, verdict in judged),
    ])  # fmt: skip


def _overview(verdicts: Sequence[Verdict]) -> str:
    rows = "".join(
        f"<tr><td class='number'>{v.claim.number}</td>"
        f"<td class='long'><a href='#{escape(v.name)}'>{escape(v.claim.sentence)}</a></td>"
        f"<td class='short {_STYLES[v.holds]}'>{WORDS[v.holds]}</td><td class='number'>{_effect(v)}</td>"
        f"<td class='number'>{v.seconds:.1f} / {v.claim.budget_s:g} s</td></tr>"
        for v in verdicts
    )
    head = ("no.", "claim", "", "effect (95 % interval)", "time / budget")
    top = "".join(f"<th{' class=number' if k in (0, 3, 4) else ''}>{cell}</th>" for k, cell in enumerate(head))
    return f"<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"


def _effect(verdict: Verdict) -> str:
    effect = verdict.effect
    if not math.isfinite(effect.mean):
        return "–"
    return f"{_short(effect.mean)} ({_short(effect.low)} … {_short(effect.high)})"


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−") if math.isfinite(value) else "–"


def _section(preset: Preset, verdict: Verdict) -> str:
    claim = verdict.claim
    parts = [
        f"<h2 id='{escape(verdict.name)}'>{claim.number}. {escape(claim.sentence)}"
        f" <span class='{_STYLES[verdict.holds]}'>{WORDS[verdict.holds]}</span></h2>",
        *(f"<p>{escape(text)}</p>" for text in preset.description.split("\n\n") if text.strip()),
    ]
    if verdict.values:
        parts.append(f"<figure>{_figure(claim, verdict)}</figure>")
        curves = plot(claim, verdict.traces)
        parts += [f"<figure>{figure(curves)}<figcaption>{_CURVES}</figcaption></figure>"] if curves is not None else []
    parts.append(f"<div class='card wide'>{table((), _facts(preset, verdict))}</div>")
    if claim.published:
        rows = [(p.paper, p.place, p.figure, _ours(claim, verdict)) for p in claim.published]
        parts.append(f"<div class='card wide'>{table(('paper', 'place', 'published', 'here'), rows)}</div>")
    return "\n".join(parts)


def _figure(claim: Claim, verdict: Verdict) -> str:
    effect = verdict.effect
    interval = Interval(
        _EFFECTS[claim.compare], effect.mean, effect.low, effect.high, claim.bound, claim.direction == "greater",
        bool(verdict.holds),
    )  # fmt: skip
    rows = list(zip(claim.arms, zip(*verdict.values, strict=True), strict=True))
    return compared(f"{claim.metric}, a dot a seed", rows, interval, log=claim.compare == "ratio")


def _facts(preset: Preset, verdict: Verdict) -> list[tuple[str, str]]:
    """How it was measured, so that nobody reads more into it than was tried."""
    claim = verdict.claim
    against = " against ".join(claim.arms)
    words = summary(preset)
    rows = [
        ("measured", f"{claim.metric}: {({**METRICS, **STUDIES})[claim.metric]}"),
        ("compared", f"{claim.compare} of {against}; holds if {claim.direction} than {claim.bound:g}"),
        ("data", preset.dataset + (f", {preset.train_size:,} training rows" if preset.train_size else "")),
    ]
    if not claim.is_study:
        rows.append(("run", f"{_network(preset.widths)}, {words['recipe']}, {words['budget']}"))
        rows += [(f"arm {a.name}", ", ".join(f"{k} = {v}" for k, v in a.changes) or "as it is") for a in preset.arms]
    rows += [
        ("seeds", f"{claim.seeds}, from {preset.seed} on"),
        ("time", f"{verdict.seconds:.1f} s of a budget of {claim.budget_s:g} s"),
    ]
    more = (("source", claim.source), ("note", verdict.note))
    return [*rows, *((key, text) for key, text in more if text)]


def _network(widths: tuple[int, ...]) -> str:
    """The hidden layers, in few words where they are many of one kind."""
    if len(widths) > 3 and len(set(widths)) == 1:
        return f"{len(widths)} hidden layers of {widths[0]}"
    return f"hidden {'-'.join(map(str, widths))}" if widths else "no hidden layer"


def _ours(claim: Claim, verdict: Verdict) -> str:
    """The mean of each arm."""
    if not verdict.values:
        return "not measured"
    columns = zip(claim.arms, zip(*verdict.values, strict=True), strict=True)
    return ", ".join(f"{name} {_short(math.fsum(values) / len(values))}" for name, values in columns)
