"""The report: one HTML page that holds everything and asks the network for nothing."""

import functools
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jinja2
import vl_convert

from keras_acts.experiments.analysis import tables, verdict
from keras_acts.experiments.analysis.differences import Difference
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.presets.reproduction import Reproduction
from keras_acts.experiments.report import gallery, ranking
from keras_acts.experiments.report.boundaries import Boundary
from keras_acts.experiments.report.charts import DARK, LIGHT, style
from keras_acts.experiments.report.drawing import DrawnAnalysis
from keras_acts.experiments.report.gallery import Exhibit
from keras_acts.experiments.runs.records import Record

__all__ = ["render"]


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
    published = gallery.reproduction_exhibits(reproduction) if reproduction else []
    sections = [_section(analysis, task, number) for number, task in enumerate(analysis.tasks, 1)]
    extra = _named(gallery.boundary_exhibits(boundaries), "extra-")
    drawn = [*published, *(exhibit for section in sections for exhibit in section["exhibits"]), *extra]
    return environment.get_template("report.html").render(
        analysis=analysis,
        reproduction=reproduction,
        published=published,
        sections=sections,
        extra=extra,
        settings={**settings, **_versions(analysis.records)},
        light=LIGHT,
        dark=DARK,
        specs={exhibit.name: exhibit.figure.spec() for exhibit in drawn},
        style=style,
        vega=_vega(),
    )


@functools.cache
def _vega() -> str:
    """Vega, Vega-Lite and what embeds them, as JavaScript."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed")


def _named(exhibits: Iterable[Exhibit], prefix: str) -> list[Exhibit]:
    """With names that start with `prefix`, as they must be unique on the page."""
    return [each._replace(name=prefix + each.name) for each in exhibits]


def _section(analysis: DrawnAnalysis, task: Task, number: int) -> dict[str, Any]:
    """A task on the page. What the table says of differences is not said again."""
    rows = ranking.ordered(analysis, task)
    details = [_details(row) for row in rows]
    alike = {column for column in details[0] if len({row[column].text for row in details}) == 1}
    told = {verdict.describe(found, task.metric_name) for found in analysis.differences(task)}
    return {
        "task": task,
        "answer": ranking.answer(analysis, task),
        "sentences": [sentence for sentence in analysis.sentences(task) if sentence not in told],
        "groups": [(title, [_ranked(row) for row in group]) for title, group in ranking.groups(analysis, task)],
        "alike": {column: details[0][column].text for column in details[0] if column in alike},
        "details": [
            {"Activation": Cell(row.activation, row.activation)}
            | {column: cell for column, cell in cells.items() if column not in alike}
            for row, cells in zip(rows, details, strict=True)
        ],
        "tuned": any(row.trials for row in rows),
        "levels": _levels(analysis.differences(task)),
        "rates": [f"{rate:g}" for rate in task.learning_rates],
        "exhibits": _named(gallery.exhibits(analysis, task), f"p{number}-"),
        "seeds": sorted({record.run.seed for entry in task.entries for record in entry.records}),
    }


def _ranked(row: tables.Row) -> dict[str, Cell]:
    """A row of the ranking, by column."""
    found = row.difference
    sign = "" if found is None or not found.significant else "▲ " if found.better else "▼ "
    return {
        "Activation": Cell(row.activation, row.activation),
        f"Test {row.metric}": Cell(tables.score(row), _sortable(row.mean)),
        "Difference": Cell(sign + tables.interval(row), found.mean if found else 0.0),
        "p": _p_value(found.p_holm) if found else Cell("–", ""),
    }


def _details(row: tables.Row) -> dict[str, Cell]:
    """What else there is to know of an activation, by column."""
    found = row.difference
    percent = 100.0 if row.metric == "accuracy" else 1.0
    unit = ", %" if row.metric == "accuracy" else ""
    return {
        "Wins": _number(found.probability_better if found else None, ".0%"),
        "Cohen's d": _number(found.d if found else None, ".2f"),
        f"Median{unit}": _number(percent * row.median, ".4g"),
        f"Worst{unit}": _number(percent * row.worst, ".4g"),
        "Diverged": Cell(f"{row.diverged} of {row.seeds}", row.diverged),
        "Learning rate": Cell(tables.rate(row), row.learning_rate),
        "Trials": _number(row.trials or None, "d"),
        "ms per step": _number(1e3 * row.step_seconds, ".3g"),
        "Memory, MB": _number(row.peak_memory_mb, ".0f"),
        "Weights": _number(row.parameters or None, ",d"),
    }


def _p_value(p: float) -> Cell:
    return Cell(verdict.p_value(p).removeprefix("= "), p)


def _number(value: float | None, form: str) -> Cell:
    if value is None or math.isnan(value):  # an empty value is sorted last
        return Cell("–", "")
    return Cell("∞" if math.isinf(value) else format(value, form), _sortable(value))


def _sortable(value: float) -> float | str:
    return "Infinity" if value == math.inf else value  # as JavaScript spells it


def _levels(differences: Sequence[Difference]) -> str:
    """Such as "95 % to 99.5 %"."""
    found = sorted({1.0 - each.interval_level for each in differences})
    return " to ".join(map(verdict.percent, dict.fromkeys((found[0], found[-1])))) if found else "–"


def _versions(records: Iterable[Record]) -> dict[str, str]:
    found = dict.fromkeys(each for record in records for each in record.versions.items())
    return {name: ", ".join(version for other, version in found if other == name) for name, _ in sorted(found)}
