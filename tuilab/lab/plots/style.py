"""Colours and style sheets of the pictures: light by day, dark where the reader's screen is."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT = {
    "paper": "#fbfaf7", "card": "#ffffff", "ink": "#1f2430", "faint": "#6c7280", "grid": "#e6e3dc", "train": "#c2570c",
    "val": "#0b7285", "accuracy": "#1d7d3f", "lr": "#8a4fb8", "good": "#1d7d3f", "bad": "#b3261e", "mark": "#9a8f7d",
}  # fmt: skip
DARK = {
    "paper": "#12151c", "card": "#191e28", "ink": "#e4e6eb", "faint": "#9aa3b2", "grid": "#2a3140", "train": "#ffb454",
    "val": "#5ccfe6", "accuracy": "#7fd88f", "lr": "#c792ea", "good": "#7fd88f", "bad": "#f2726b", "mark": "#7d8594",
}  # fmt: skip
LINES = ("train", "val", "accuracy", "lr", "good", "bad")
FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"

_RAMP = ((79, 123, 232), (26, 160, 150), (196, 150, 28), (222, 88, 66))  # readable on light and on dark


def ramp(position: float) -> str:
    """A colour from blue (0) over green and gold to red (1): for layers, the first one first."""
    place = min(max(position, 0.0), 1.0) * (len(_RAMP) - 1)
    k = min(int(place), len(_RAMP) - 2)
    mixed = (round(a + (b - a) * (place - k)) for a, b in zip(_RAMP[k], _RAMP[k + 1], strict=True))
    return "#" + "".join(f"{v:02x}" for v in mixed)


def picture_css() -> str:
    """The style sheet of the pictures, without variables: not every program that shows an SVG knows them."""
    return f"{_rules(LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{_rules(DARK)}\n}}"


def _rules(colours: Mapping[str, str]) -> str:
    lines = "\n".join(f".{n} {{ stroke: {colours[n]}; }} .fill.{n} {{ fill: {colours[n]}; }}" for n in LINES)
    return f"""\
.paper {{ fill: {colours["card"]}; }}
text {{ fill: {colours["ink"]}; font-family: {FONT}; font-size: 12px; }}
text.faint {{ fill: {colours["faint"]}; font-size: 11px; }} text.head {{ font-size: 14px; font-weight: 600; }}
.grid {{ stroke: {colours["grid"]}; stroke-width: 1; }} .axis {{ stroke: {colours["faint"]}; stroke-width: 1; }}
.mark {{ stroke: {colours["mark"]}; stroke-width: 1; stroke-dasharray: 2 3; }} text.mark {{ stroke: none; }}
.line {{ fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }}
.ink {{ stroke: {colours["ink"]}; }} .fill.ink {{ fill: {colours["ink"]}; }}
{lines}
.fill {{ stroke: none; }} .band {{ opacity: 0.18; }} .soft {{ opacity: 0.1; }}"""


def page_css() -> str:
    """The style sheet of a page."""
    light, dark = ("\n".join(f"  --{name}: {value};" for name, value in c.items()) for c in (LIGHT, DARK))
    return f"""\
:root {{
  color-scheme: light dark;
{light}
}}
@media (prefers-color-scheme: dark) {{ :root {{
{dark}
}} }}
{_PAGE}"""


_PAGE = f"""\
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 {FONT}; }}
main {{ max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; margin: 0 0 .35rem; }}
h2 {{ font-size: 1.1rem; margin: 2.2rem 0 .6rem; }}
p {{ margin: .4rem 0; }} .faint {{ color: var(--faint); }} .good {{ color: var(--good); }} .bad {{ color: var(--bad); }}
.figures {{ display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.4rem 0; }}
.figures div {{ background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: .55rem .9rem; }}
.figures b {{ display: block; font-size: 1.15rem; font-variant-numeric: tabular-nums; }}
.figures span {{ color: var(--faint); font-size: .8rem; }}
figure, .card {{
  margin: .8rem 0 1rem; background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: .9rem;
}}
figure svg {{ display: block; width: 100%; min-width: 48rem; height: auto; }}
figure, .wide {{ overflow-x: auto; }} figcaption {{ color: var(--faint); font-size: .85rem; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }}
th {{ text-align: left; font-weight: 600; color: var(--faint); }}
th, td {{ padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--grid); vertical-align: top; }}
td:nth-child(2):last-child {{ overflow-wrap: anywhere; }}
td.long {{ min-width: 13rem; }} td.short, td.number, th.number {{ white-space: nowrap; }}
td.number, th.number {{ text-align: right; }}
tr:last-child td {{ border-bottom: 0; }}
.columns {{ columns: 19rem; column-gap: 2rem; }} .columns tr {{ break-inside: avoid; }}
code, pre {{ font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
pre {{ margin: .6rem 0 0; overflow-x: auto; }} a {{ color: var(--val); }} summary {{ cursor: pointer; }}
"""
