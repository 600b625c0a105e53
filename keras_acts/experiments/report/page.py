"""The report: one HTML page that holds everything and asks the network for nothing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jinja2
import numpy as np

from keras_acts import plots
from keras_acts.experiments.analysis import tables, verdict
from keras_acts.experiments.analysis.differences import seeds_needed
from keras_acts.experiments.analysis.selection import Entry, Problem
from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.presets import reproduction
from keras_acts.experiments.report import gallery, svg
from keras_acts.experiments.report.boundaries import Boundary

# Okabe-Ito's colours, lightened where they are too dark for a dark page, in the order of `plots.COLORS`.
DARK_COLORS = ("#56a8e0", "#E69F00", "#2bc79a", "#e08fbd", "#f0803c", "#8fd3f7", "#f2f2f2", "#a0a0a0")


class Cell(NamedTuple):
    """A cell of the table: what is shown, and what it is sorted by."""

    text: str
    value: float | str


class Shown(NamedTuple):
    """A figure on the page."""

    title: str
    svg: str


class Section(NamedTuple):
    """A problem on the page."""

    label: str
    sentences: list[str]
    metric: str
    order: str
    rows: list[list[Cell]]
    rates: list[str]
    by_rate: list[list[str]]
    figures: list[Shown]
    settings: dict[str, str]


class Published(NamedTuple):
    """What was published, on the page."""

    title: str
    sentences: list[str]
    columns: tuple[str, ...]
    tables: dict[str, list[tuple[str, ...]]]
    figures: list[Shown]
    source: str
    note: str


COLUMNS = (
    "Activation",
    "Test score",
    "Difference (95 % CI)",
    "p after Holm",
    "P(better)",
    "Cohen's d",
    "Median",
    "Worst",
    "Diverged",
    "Learning rate",
    "ms per step",
    "Memory MB",
    "Weights",
)


def render(
    comparison: Comparison, *, boundaries: Sequence[Boundary] = (), settings: Mapping[str, object] | None = None
) -> str:
    """The page as text.

    Args:
        comparison: the runs.
        boundaries: classifiers of two-dimensional data, drawn in the plane.
        settings: what else is needed to repeat the comparison, such as the command.

    Returns:
        An HTML document.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("keras_acts.experiments.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    sections = [_section(comparison, problem, number) for number, problem in enumerate(comparison.problems, 1)]
    extra = []
    if boundaries:
        exhibit = gallery.boundary_exhibit(boundaries, svg.STYLE)
        extra.append(Shown(exhibit.title, svg.inline(exhibit.figure, exhibit.name, exhibit.description)))
    return environment.get_template("report.html").render(
        published=_published(comparison),
        sections=sections,
        columns=_columns(comparison),
        extra=extra,
        settings={name: str(value) for name, value in (settings or {}).items()},
        versions=_versions(comparison),
        runs=len(comparison.records),
        light=dict(enumerate(plots.COLORS)),
        dark=dict(enumerate(DARK_COLORS)),
    )


def _columns(comparison: Comparison) -> list[str]:
    return [name.replace("95 %", f"{1.0 - comparison.level:.0%}".replace("%", " %")) for name in COLUMNS]


def _section(comparison: Comparison, problem: Problem, number: int) -> Section:
    rows = [row for row in comparison.table() if row.problem == problem.label]
    shown = [
        Shown(exhibit.title, svg.inline(exhibit.figure, f"p{number}-{exhibit.name}", exhibit.description))
        for exhibit in gallery.exhibits(comparison, problem, svg.STYLE)
    ]
    return Section(
        label=problem.label,
        sentences=comparison.verdict(problem).splitlines(),
        metric=problem.metric_name,
        order="descending" if problem.higher_is_better else "ascending",
        rows=[_cells(row) for row in rows],
        rates=[f"{rate:g}" for rate in _rates(problem)],
        by_rate=[[entry.activation, *_by_rate(problem, entry)] for entry in problem.entries],
        figures=shown,
        settings=_settings(comparison, problem),
    )


def _published(comparison: Comparison) -> Published | None:
    found = comparison.reproduction
    if found is None:
        return None
    shown = [
        Shown(exhibit.title, svg.inline(exhibit.figure, exhibit.name, exhibit.description))
        for exhibit in gallery.reproduction_exhibits(found, svg.STYLE)
    ]
    return Published(
        title=found.title,
        sentences=str(found).splitlines(),
        columns=reproduction.COLUMNS,
        tables={gallery.sentence_case(name): [row.cells for row in rows] for name, rows in found.tables.items()},
        figures=shown,
        source=found.source,
        note=found.note,
    )


def _rates(problem: Problem) -> list[float]:
    return sorted({rate for entry in problem.entries for rate in entry.validation})


def _by_rate(problem: Problem, entry: Entry) -> list[str]:
    """The last validation metric at each rate: what a comparison at one fixed rate would have seen."""
    cells = []
    percent = 100.0 if problem.metric_name == "accuracy" else 1.0
    for rate in _rates(problem):
        values = percent * np.array(entry.validation.get(rate, ()))
        finite = values[np.isfinite(values)]
        text = f"{finite.mean():.3g}" if len(finite) else "–"
        text += f" ± {finite.std(ddof=1):.2g}" if len(finite) > 1 else ""
        text += f", {len(values) - len(finite)} diverged" if len(finite) < len(values) else ""
        cells.append(f"{text} ●" if rate == entry.learning_rate else text)
    return cells


def _cells(row: tables.Row) -> list[Cell]:
    found = row.difference
    percent = 100.0 if row.metric == "accuracy" else 1.0
    return [
        Cell(row.activation, row.activation),
        Cell(tables.score(row), _sortable(row.mean)),
        Cell(tables.interval(row), 0.0 if found is None else found.mean),
        _number(None if found is None else found.p_holm, ".2g"),
        _number(None if found is None else found.probability_better, ".2f"),
        _number(None if found is None else found.d_paired, ".2f"),
        _number(percent * row.median, ".4g"),
        _number(percent * row.worst, ".4g"),
        Cell(f"{row.diverged} of {row.seeds}", row.diverged),
        _number(row.learning_rate, "g"),
        _number(1e3 * row.step_seconds, ".3g"),
        _number(row.peak_memory_mb, ".0f"),
        Cell(f"{row.parameters:,}", row.parameters),
    ]


def _number(value: float | None, form: str) -> Cell:
    # NaN is unequal to itself; an empty value is sorted last.
    if value is None or value != value:
        return Cell("–", "")
    return Cell("∞" if math.isinf(value) else format(value, form), _sortable(value))


def _sortable(value: float) -> float | str:
    return "Infinity" if value == math.inf else value  # as JavaScript spells it


def _settings(comparison: Comparison, problem: Problem) -> dict[str, str]:
    rates = _rates(problem)
    seeds = sorted({record.run.seed for entry in problem.entries for record in entry.records})
    return {
        "Data": problem.data,
        "Network": problem.model,
        **{key: str(value) for key, value in problem.settings},
        "Activations": ", ".join(entry.activation for entry in problem.entries),
        "Baseline": comparison.baseline(problem),
        "Initializer": "the activation's own" if problem.paired else "the same for all",
        "Seeds": ", ".join(map(str, seeds)),
        "Epochs": str(problem.epochs),
        "Batch size": str(problem.batch_size),
        "Learning rates": ", ".join(f"{rate:g}" for rate in rates),
        "Significance level": f"{comparison.level:g}",
        "Detectable difference": _detectable(comparison, problem),
    }


def _detectable(comparison: Comparison, problem: Problem) -> str:
    """The least and the largest over the activations: their spreads differ."""
    found = [each.detectable for each in comparison.differences(problem) if each.detectable == each.detectable]
    pairs = min((each.pairs for each in comparison.differences(problem)), default=0)
    if not found or pairs < seeds_needed(len(found), comparison.level):
        return "none: too few seeds or activations"
    low, high = (verdict.amount(value, problem.metric_name) for value in (min(found), max(found)))
    return f"{low} to {high} {verdict.unit(problem.metric_name)} with a power of 80 %, by activation"


def _versions(comparison: Comparison) -> dict[str, str]:
    values: dict[str, Any] = {}
    for record in comparison.records:
        for name, version in record.versions.items():
            values.setdefault(name, {})[version] = None
    return {name: ", ".join(map(str, found)) for name, found in sorted(values.items())}
