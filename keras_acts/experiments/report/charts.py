"""The charts of a report, drawn by Altair: rows of plain data in, a `Figure` out, for the page and for files.

Colours are the variables of the page, light or dark, and go by position, so that labels in one order look the same in
all charts. Significance is a filled or a hollow mark, never a colour alone.
"""

import functools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import vl_convert

from keras_acts.experiments.report.figures import far_out
from keras_acts.plots import DARK, LIGHT

__all__ = ["DARK", "LIGHT", "VERDICTS", "Figure", "dots", "forest", "inline", "lines", "style", "table"]

DASHES = ([1, 0], [7, 3], [2, 2], [8, 2, 2, 2])
VERDICTS = {"better": "var(--series-0)", "worse": "var(--series-4)", "no difference shown": "var(--series-7)"}
WIDTH, HEIGHT, ROW = 440, 250, 26  # of a file, which the page makes wider; of a row
FEW = 4  # lines whose bands can be told from each other
_INK = {"labelColor": "var(--text)", "titleColor": "var(--text)", "domainColor": "var(--soft)"}
_TEXT = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 150}
_LEGEND = {"title": None, "orient": "bottom", "columns": 3, "symbolType": "stroke", "symbolOpacity": 1.0}
CONFIG: dict[str, Any] = {
    "axis": {**_INK, **_TEXT, "tickColor": "var(--soft)", "gridColor": "var(--line)"},
    "legend": {"labelColor": "var(--text)", **_LEGEND},
    "title": {"color": "var(--text)", "fontSize": 12, "fontWeight": "normal", "anchor": "start"},
    "text": {"color": "var(--text)", "fontSize": 12},
    "view": {"stroke": None},
    "background": "var(--page)",
}
# Of a legend's `lit` and of the pointer's `hover`: this line is lifted; or it is, or none.
LIFTED = "(lit === datum.label || (hover.label && indexof(hover.label, datum.label) >= 0))"
NEAREST = alt.ExprRef("(datum.datum || datum).text")  # of the point, or of the cell of points that are nearest to it
CLEAR = f"(!lit && !hover.label || {LIFTED})"


@dataclass(frozen=True)
class Figure:
    """A chart.

    Attributes:
        chart: of Altair.
        ranges: of its lines, in the order of the colours, lowest and highest; empty where none can be switched off.
        off: those that are not drawn at first, as they would squeeze the others together.
    """

    chart: Any
    ranges: Mapping[str, list[float]] = field(default_factory=dict)
    off: Sequence[str] = ()

    def spec(self) -> dict[str, Any]:
        """Vega-Lite for the page, which has its own legend. There is no address of any kind in it."""
        found = {key: value for key, value in self.chart.to_dict().items() if key != "$schema"}
        if "columns" not in found:  # a chart by itself
            found |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
        config = CONFIG | {"legend": {"disable": True}, "background": "transparent"}
        return found | {"config": config, "usermeta": self.ranges}

    def savefig(self, path: str | Path, dpi: float = 72.0) -> None:
        """Write a file, in the colours of a light page: PNG, or SVG by the name."""
        if Path(path).suffix == ".svg":
            Path(path).write_text(self._svg, encoding="utf-8")
        else:
            Path(path).write_bytes(vl_convert.svg_to_png(self._svg, ppi=dpi))

    @functools.cached_property
    def _svg(self) -> str:
        title = {"title": f"not drawn, far from the others: {', '.join(self.off)}"} if self.off else {}
        text = json.dumps(self.chart.to_dict() | {"config": CONFIG} | title)
        return vl_convert.vegalite_to_svg(re.sub(r"var\(--([\w-]+)\)", lambda found: LIGHT[found[1]], text))


def style(number: int) -> tuple[str, list[int]]:
    """Colour and dashes of a line, by its number."""
    return f"var(--series-{number % 8})", DASHES[number // 8 % len(DASHES)]


def lines(
    rows: Sequence[Mapping[str, Any]],
    x: alt.X,
    y: alt.Y,
    *,
    sparing: bool = False,
    predicted: Sequence[Mapping[str, Any]] = (),
) -> Figure:
    """A line for each label, with a band from "low" to "high"; one under the pointer is lifted.

    The params are for a legend: `off`, the labels that are not drawn; `lit`, the one to be lifted; and `range`, that of
    the axis y, which is to fit the lines that are drawn: `ranges` of the figure.

    Args:
        rows: points: "label", "x", "y", the "text" of the pointer, "low" and "high" of a band, "marked" for a dot,
            and "fits", false where the axis need not hold it.
        x: axis of "x".
        y: axis of "y".
        sparing: whether labels that end far out from all others are not drawn at first.
        predicted: points of dotted lines.
    """
    labels = list(dict.fromkeys(row["label"] for row in rows))
    ranges = {
        label: _range([row["y"] for row in rows if row["label"] == label and row.get("fits", True)]) for label in labels
    }
    off = far_out({row["label"]: _short(row["y"]) for row in rows}) if sparing else []  # by the last of each
    whole, kept = (
        _range([end for label in ranges if label not in left for end in ranges[label]]) for left in ([], off)
    )
    if off and 2.0 * np.ptp(kept) > np.ptp(whole):  # there is room for all of them
        off, kept = [], whole
    colors, dashes = zip(*map(style, range(len(labels))), strict=True)
    hover = alt.selection_point("hover", fields=["label"], on="pointerover", clear="pointerout", nearest=True)
    base = alt.Chart(inline(rows)).transform_filter("indexof(off, datum.label) < 0")
    base = base.encode(x, y, alt.Color("label:N").scale(domain=labels, range=colors))
    # Of fill and stroke: the opacity of an element makes PNG files slow.
    # The bands of many lines would hide each other: then only that of the line under the pointer is seen.
    shown = _either(CLEAR if len(labels) <= FEW else LIFTED, 0.15, 0.0)
    dash = alt.StrokeDash("label:N").scale(domain=labels, range=dashes)
    dotted = base.properties(data=inline(predicted)).mark_line(strokeWidth=3, strokeDash=[2, 4], clip=True)
    dots = base.mark_point(filled=True, clip=True, opacity=1.0).encode(
        size=_either("datum.marked", 60, 25), tooltip=alt.value(NEAREST)
    )
    chart = alt.layer(
        base.mark_area(clip=True, opacity=1.0).encode(y="low:Q", y2="high:Q", fillOpacity=shown),
        base.mark_line(strokeWidth=2, clip=True).encode(dash, strokeOpacity=_either(CLEAR, 1.0, 0.15)),
        *([dotted.encode(strokeOpacity=_either(CLEAR, 0.6, 0.05))] if predicted else []),
        dots.encode(fillOpacity=_either(f"datum.marked && {CLEAR} || {LIFTED}", 1.0, 0.0)).add_params(hover),
    )
    params = {"off": off, "lit": "", "range": kept or [0.1, 1.0]}
    chart = chart.add_params(*(alt.param(name, value=value) for name, value in params.items()))
    return Figure(chart.properties(width=WIDTH, height=HEIGHT), ranges, off)


def _range(values: Sequence[float | None]) -> list[float]:
    found = [value for value in map(_short, values) if value is not None]
    return [min(found), max(found)] if found else []


def forest(rows: Sequence[Mapping[str, Any]], title: str, worth: float | None = None) -> Figure:
    """A row for each difference: its mean, filled where it is significant, and its interval; all on one axis.

    Dashed lines are at 0 and, where there is one, at the smallest difference worth having, on both sides.

    Args:
        rows: "label", "mean", "low", "high", the "verdict", a key of `VERDICTS`, and the "text" of the pointer.
        title: of the axis.
        worth: the smallest difference worth having, on that axis.
    """
    verdicts, (better, worse, _) = list(VERDICTS), VERDICTS.values()
    base = alt.Chart(inline(rows)).encode(
        alt.Y("label:N", sort=None, title=None).scale(domain=[row["label"] for row in rows]),
        alt.Color("verdict:N").scale(domain=verdicts, range=list(VERDICTS.values())),
        tooltip="text:N",
    )
    at = [{"x": 0.0}] + [{"x": sign * worth} for sign in (-1.0, 1.0) if worth]
    dashed = alt.Chart(inline(at)).mark_rule(color="var(--soft)", strokeDash=[3, 3]).encode(x="x:Q")
    interval = base.mark_rule(strokeWidth=2).encode(alt.X("low:Q", title=title).axis(tickCount=6), x2="high:Q")
    mean = base.mark_point(size=80, strokeWidth=2, opacity=1.0).encode(
        alt.X("mean:Q"),
        alt.Fill("verdict:N").scale(domain=verdicts, range=[better, worse, "var(--page)"]),
        alt.Shape("verdict:N").scale(domain=verdicts, range=["circle", "diamond", "circle"]),
    )
    return Figure(alt.layer(dashed, interval, mean).properties(width=WIDTH, height=ROW * len(rows)))


def table(rows: Sequence[Mapping[str, Any]], columns: str) -> Figure:
    """Shares in [0, 1] as a table of colours.

    Args:
        rows: "label", "x", the column, the "share", and the "text" of the pointer.
        columns: what the columns are.
    """
    labels, names = ({row[key] for row in rows} for key in ("label", "x"))
    axis = alt.Axis(labelAngle=0, labelOverlap=True, labelLimit=60)
    base = alt.Chart(inline(rows)).encode(
        alt.X("x:O", sort=None, title=columns, axis=axis), alt.Y("label:N", sort=None, title=None), tooltip="text:N"
    )
    # Text is to be read on the strongest colour.
    strength = alt.Opacity("share:Q", legend=None).scale(domain=[0.0, 1.0], range=[0.0, 0.6])
    numbers = base.mark_text().encode(alt.Text("share:Q", format=".0%"))
    layers = [base.mark_rect(color="var(--series-0)").encode(strength), *([numbers] if len(names) <= 8 else [])]
    return Figure(alt.layer(*layers).properties(width=WIDTH, height=ROW * len(labels)))


def dots(rows: Mapping[str, tuple[Sequence[float], float | None]], title: str) -> Figure:
    """A row for each label: a dot for each value, a bar at their median, a diamond at what they are put beside."""

    def row(label: str, value: float) -> dict[str, Any]:
        return {"label": label, "x": value, "text": f"{label}: {value:.3g}"}

    values = [row(label, value) for label, (found, _) in rows.items() for value in found]
    beside = [row(label, other) for label, (_, other) in rows.items() if other is not None]
    seen = [value for found, other in rows.values() for value in (*found, other) if value is not None]
    wide = bool(seen) and min(seen) > 0.0 and max(seen) > 50.0 * min(seen)
    base = alt.Chart(inline(values)).encode(
        alt.X("x:Q", title=title).scale(type="log" if wide else "linear", zero=False).axis(tickCount=6),
        alt.Y("label:N", sort=None, title=None).scale(domain=list(rows)),
    )
    every = base.mark_point(filled=True, color="var(--series-0)", opacity=0.6).encode(tooltip="text:N")
    middle = base.mark_tick(color="var(--series-0)", thickness=3).encode(alt.X("median(x):Q", title=title))
    diamond = base.properties(data=inline(beside)).mark_point(shape="diamond", filled=True, size=90, opacity=1.0)
    layers = alt.layer(every, middle, diamond.encode(color=alt.value("var(--series-4)"), tooltip="text:N"))
    return Figure(layers.properties(width=WIDTH, height=ROW * len(rows)))


def inline(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows for Vega: five digits are finer than any screen, and what is not finite is not drawn."""
    return alt.InlineData(values=[{key: _short(value) for key, value in row.items()} for row in rows])


def _short(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _either(test: str, value: float, other: float) -> Any:
    return alt.when(test).then(alt.value(value)).otherwise(alt.value(other))
