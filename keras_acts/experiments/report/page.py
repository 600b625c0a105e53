"""The report: one HTML page that holds everything and asks the network for nothing."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jinja2
import matplotlib
import numpy as np

from keras_acts import plots
from keras_acts.experiments.analysis import tables, verdict
from keras_acts.experiments.analysis.selection import Entry, Task
from keras_acts.experiments.presets.reproduction import Reproduction
from keras_acts.experiments.report import gallery, svg
from keras_acts.experiments.report.boundaries import Boundary
from keras_acts.experiments.report.drawing import DrawnAnalysis
from keras_acts.experiments.runs.records import Record

__all__ = ["render"]

# Okabe-Ito's colours, lightened where they are too dark for a dark page, in the order of `plots.COLORS`.
DARK_COLORS = ("#56a8e0", "#E69F00", "#2bc79a", "#e08fbd", "#f0803c", "#8fd3f7", "#f2f2f2", "#a0a0a0")


class Cell(NamedTuple):
    """A cell of the table: its text, and what it is sorted by."""

    text: str
    value: float | str


def render(
    analysis: DrawnAnalysis, reproduction: Reproduction | None, boundaries: Sequence[Boundary], settings: dict[str, Any]
) -> str:
    """The page as text.

    Args:
        analysis: the runs and the findings.
        reproduction: the published figures that they are put beside, if any.
        boundaries: classifiers of two-dimensional data, drawn in the plane.
        settings: what else is needed to repeat the comparison, such as the command.

    Returns:
        An HTML document.
    """
    templates = jinja2.PackageLoader("keras_acts.experiments.report", "templates")
    environment = jinja2.Environment(
        loader=templates, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    with matplotlib.rc_context(svg.STYLE):
        return environment.get_template("report.html").render(
            analysis=analysis,
            reproduction=reproduction,
            published=_drawn(gallery.reproduction_exhibits(reproduction) if reproduction else []),
            sections=[_section(analysis, task, number) for number, task in enumerate(analysis.tasks, 1)],
            extra=_drawn(gallery.boundary_exhibits(boundaries)),
            settings={**settings, **_versions(analysis.records)},
            light=dict(enumerate(plots.COLORS)),
            dark=dict(enumerate(DARK_COLORS)),
        )


def _drawn(exhibits: Iterable[gallery.Exhibit], prefix: str = "") -> list[dict[str, str]]:
    """Figures as SVG, with names that start with `prefix`, as they must be unique on the page."""
    return [
        {"title": each.title, "svg": svg.inline(each.figure, prefix + each.name, each.description)} for each in exhibits
    ]


def _section(analysis: DrawnAnalysis, task: Task, number: int) -> dict[str, Any]:
    """A task on the page, without columns of the table that hold nothing."""
    rows = [_cells(row) for row in analysis.rows(task)]
    filled = [column for column in rows[0] if any(row[column].text != "–" for row in rows)]
    return {
        "task": task,
        "rates": [f"{rate:g}" for rate in task.learning_rates],
        "rows": [{column: row[column] for column in filled} for row in rows],
        "by_rate": [[entry.activation, *_by_rate(task, entry)] for entry in task.entries],
        "figures": _drawn(gallery.exhibits(analysis, task), f"p{number}-"),
        "seeds": sorted({record.run.seed for entry in task.entries for record in entry.records}),
        "detectable": _detectable(analysis, task),
    }


def _by_rate(task: Task, entry: Entry) -> list[str]:
    """The last validation metric at each rate: what a comparison at one fixed rate would have seen."""
    cells = []
    percent = 100.0 if task.metric_name == "accuracy" else 1.0
    for rate in task.learning_rates:
        values = percent * np.array(entry.validation.get(rate, ()))
        finite = values[np.isfinite(values)]
        text = f"{finite.mean():.3g}" if len(finite) else "–"
        text += f" ± {finite.std(ddof=1):.2g}" if len(finite) > 1 else ""
        text += f", {len(values) - len(finite)} diverged" if len(finite) < len(values) else ""
        cells.append(f"{text} ●" if rate == entry.learning_rate else text)
    return cells


def _cells(row: tables.Row) -> dict[str, Cell]:
    """A row of the table, by column."""
    found = row.difference
    percent = 100.0 if row.metric == "accuracy" else 1.0
    interval_level = math.nan if found is None else 1.0 - found.interval_level
    return {
        "Activation": Cell(row.activation, row.activation),
        "Test score": Cell(tables.score(row), _sortable(row.mean)),
        "Difference (CI)": Cell(tables.interval(row), found.mean if found else 0.0),
        "CI": Cell(verdict.percent(interval_level) if found else "–", _sortable(interval_level) if found else ""),
        "p after Holm": _number(found.p_holm if found else None, ".2g"),
        "P(better)": _number(found.probability_better if found else None, ".2f"),
        "Cohen's d": _number(found.d if found else None, ".2f"),
        "Median": _number(percent * row.median, ".4g"),
        "Worst": _number(percent * row.worst, ".4g"),
        "Diverged": Cell(f"{row.diverged} of {row.seeds}", row.diverged),
        "Learning rate": _number(row.learning_rate, "g"),
        "ms per step": _number(1e3 * row.step_seconds, ".3g"),
        "Memory MB": _number(row.peak_memory_mb, ".0f"),
        "Weights": Cell(f"{row.parameters:,}", row.parameters),
    }


def _number(value: float | None, form: str) -> Cell:
    if value is None or math.isnan(value):  # an empty value is sorted last
        return Cell("–", "")
    return Cell("∞" if math.isinf(value) else format(value, form), _sortable(value))


def _sortable(value: float) -> float | str:
    return "Infinity" if value == math.inf else value  # as JavaScript spells it


def _detectable(analysis: DrawnAnalysis, task: Task) -> str:
    """The least and the largest over the activations: their spreads differ."""
    differences = analysis.differences(task)
    found = [each.detectable for each in differences if not math.isnan(each.detectable)]
    if not found:
        return "none: too few seeds or activations"
    low, high = (verdict.amount(value, task.metric_name) for value in (min(found), max(found)))
    return f"{low} to {high} {verdict.unit(task.metric_name)} with a power of 80 %, by activation"


def _versions(records: Iterable[Record]) -> dict[str, str]:
    found = dict.fromkeys(each for record in records for each in record.versions.items())
    return {name: ", ".join(version for other, version in found if other == name) for name, _ in sorted(found)}
