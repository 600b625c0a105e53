"""What a comparison gives: the table, the verdict, the figures, the files."""

import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_acts.experiments.analysis import tables, theory, verdict
from keras_acts.experiments.analysis.differences import LEVEL, Difference, differences
from keras_acts.experiments.analysis.selection import Entry, Problem, problems
from keras_acts.experiments.presets.reproduction import Reproduction
from keras_acts.experiments.report import figures
from keras_acts.experiments.report.boundaries import Boundary
from keras_acts.experiments.runs.records import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


CURVE_POINTS = 100


class Comparison:
    """Finished runs, and what follows from them.

    Every activation is compared with the baseline on each data set and network ("problem") by itself, at the learning
    rate that was best on validation data. Diverged runs count as the worst score.

    Args:
        records: finished runs.
        baseline: what the others are compared with; "relu" by default, or the first activation where that is missing.
        level: significance level, between 0 and 1.
        reproduction: the published figures that the runs are put beside, where they belong to a preset.

    Attributes:
        records: the runs.
        problems: the data sets and networks.
        reproduction: as given.

    Raises:
        ValueError: for no records, an unknown baseline, or one that a problem lacks.

    Example:
        comparison = keras_acts.compare(["relu", "gelu"], seeds=10)
        print(comparison.verdict())
        comparison.to_html("report.html")
    """

    def __init__(
        self,
        records: Iterable[Record],
        baseline: str | None = None,
        level: float = LEVEL,
        reproduction: Reproduction | None = None,
    ) -> None:
        self.records = tuple(records)
        self.problems = problems(self.records)
        self.level = level
        self.reproduction = reproduction
        self._baseline = baseline
        self._differences = {problem.label: self._compare(problem) for problem in self.problems}

    def baseline(self, problem: Problem) -> str:
        """The activation that the others are compared with."""
        names = [entry.activation for entry in problem.entries]
        if self._baseline is None:
            return "relu" if "relu" in names else names[0]
        if self._baseline not in names:
            raise ValueError(
                f"`baseline` must be one of the activations: {', '.join(names)}. Received: {self._baseline!r}"
            )
        return self._baseline

    def differences(self, problem: Problem | None = None) -> list[Difference]:
        """Every activation against the baseline."""
        return self._differences[self._one(problem).label]

    def table(self) -> list[tables.Row]:
        """One row for each problem and activation, the best mean test score first."""
        return [row for problem in self.problems for row in tables.table(problem, self._differences[problem.label])]

    def best(self, problem: Problem | None = None) -> str:
        """The activation with the best mean test score. Whether it is really better says `verdict`."""
        chosen = self._one(problem)
        return tables.table(chosen, self._differences[chosen.label])[0].activation

    def verdict(self, problem: Problem | None = None) -> str:
        """The findings in words, a line for each; of all problems unless one is given."""
        if problem is None and (len(self.problems) > 1 or self.reproduction is not None):
            found = [f"{each.label}:\n{self.verdict(each)}" for each in self._compared]
            return "\n".join([*([] if self.reproduction is None else [str(self.reproduction)]), *found])
        chosen = self._one(problem)
        return "\n".join(verdict.verdict(chosen, self._differences[chosen.label]))

    def __str__(self) -> str:
        return self.verdict()

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = [] if self.reproduction is None else [self.reproduction]
        for problem in self._compared:
            rows = tables.table(problem, self._differences[problem.label])
            parts += [tables.rich_table(rows), Text(self.verdict(problem) + "\n")]
        return Group(*parts)

    @property
    def _compared(self) -> list[Problem]:
        """The problems; of a preset, which has its own table, only those with something to compare."""
        return [each for each in self.problems if self.reproduction is None or len(each.entries) > 1]

    # ---- Figures -----------------------------------------------------------------------------------------------------

    def plot_curves(self, name: str = "val_loss", problem: Problem | None = None, ax: "Axes | None" = None) -> "Axes":
        """A curve by epoch with its confidence band: "loss", "metric", "val_loss" or "val_metric"."""
        chosen = self._one(problem)
        metric = "loss" if name.endswith("loss") else chosen.metric_name
        # More points than these are not to be seen, and make a page of many megabytes.
        shown = np.unique(np.linspace(0, chosen.epochs - 1, CURVE_POINTS).astype(int))
        curves = _each(chosen, lambda entry: entry.curves(name)[:, shown])
        ax = figures.draw_curves(curves, metric=metric, epochs=shown + 1, ax=ax)
        ax.set_ylabel(f"{'validation' if name.startswith('val_') else 'training'} {metric}")
        return ax

    def plot_differences(self, problem: Problem | None = None, ax: "Axes | None" = None) -> "Axes":
        """Paired differences from the baseline in the test metric, with their intervals."""
        chosen = self._one(problem)
        return figures.draw_differences(self._differences[chosen.label], metric=chosen.metric_name, ax=ax)

    def plot_learning_rates(self, problem: Problem | None = None, ax: "Axes | None" = None) -> "Axes":
        """The validation metric by learning rate."""
        chosen = self._one(problem)
        return figures.draw_learning_rates(
            _each(chosen, lambda entry: entry.validation), metric=chosen.metric_name, ax=ax
        )

    def plot_time(self, problem: Problem | None = None, ax: "Axes | None" = None) -> "Axes":
        """The time of a training step."""
        costs = _each(self._one(problem), lambda entry: [1e3 * record.step_seconds for record in entry.records])
        return figures.draw_costs(costs, quantity="time of a training step in ms", ax=ax)

    def measured(self, what: str, problem: Problem | None = None) -> bool:
        """True if the records hold "memory", the "dead" share or the "saturated" share of at least one activation."""
        chosen = self._one(problem)
        if what == "memory":
            return bool(_memory(chosen))
        return any(np.isfinite(_layers(entry, f"{what}_end")).any() for entry in chosen.entries)

    def plot_memory(self, problem: Problem | None = None, ax: "Axes | None" = None) -> "Axes":
        """The peak memory of a run, of the activations for which it was measured."""
        return figures.draw_costs(_memory(self._one(problem)), quantity="peak memory of a run in MB", ax=ax)

    def predicted_gradients(self, problem: Problem | None = None) -> dict[str, np.ndarray]:
        """The theory's gradient norms before training, for networks and activations that it describes."""
        chosen = self._one(problem)
        norms = _each(chosen, lambda entry: np.median(_layers(entry, "gradient_start"), axis=0))
        found = {label: _prediction(label, values, chosen) for label, values in norms.items()}
        return {label: values for label, values in found.items() if values is not None}

    def plot_gradients(self, when: str = "start", problem: Problem | None = None, ax: "Axes | None" = None) -> "Axes":
        """Gradient norm of each layer at the "start" of training, with the theory's prediction, or at its "end"."""
        chosen = self._one(problem)
        norms = _each(chosen, lambda entry: _layers(entry, f"gradient_{when}"))
        predictions = self.predicted_gradients(chosen) if when == "start" else {}
        return figures.draw_gradients(norms, predictions, layers=_layer_names(chosen), ax=ax)

    def plot_shares(
        self, state: str = "dead", when: str = "end", problem: Problem | None = None, ax: "Axes | None" = None
    ) -> "Axes":
        """Share of "dead" or "saturated" units in each layer at the "start" or the "end" of training."""
        chosen = self._one(problem)
        shares = _each(chosen, lambda entry: _layers(entry, f"{state}_{when}").mean(axis=0))
        kept = ~np.isnan(np.array(list(shares.values()))).all(axis=0)
        names = [name for name, keep in zip(_layer_names(chosen), kept, strict=True) if keep]
        quantity = f"{state} units, {'before' if when == 'start' else 'after'} training"
        return figures.draw_shares(
            {label: values[kept] for label, values in shares.items()}, quantity=quantity, layers=names, ax=ax
        )

    # ---- Files -------------------------------------------------------------------------------------------------------

    def to_csv(self, folder: str | Path) -> None:
        """Write `summary.csv`, `runs.csv`, `history.csv` and `layers.csv` into a folder, which is made if missing."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tables.write_csv(self.problems, self.table(), self.records, folder)

    def to_html(
        self,
        path: str | Path,
        *,
        boundaries: Iterable[Boundary] = (),
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Write the report: one HTML file that needs no network.

        Args:
            path: the file.
            boundaries: classifiers of two-dimensional data, to be drawn in the plane.
            settings: what else is needed to repeat the comparison, such as the command.
        """
        from keras_acts.experiments.report import page  # a page is made from a comparison

        text = page.render(self, boundaries=tuple(boundaries), settings=settings or {})
        Path(path).write_text(text, encoding="utf-8")

    def save_figures(self, folder: str | Path, formats: Iterable[str] = ("png", "svg")) -> list[Path]:
        """Write the figures of the report as files into a folder, which is made if missing, and return their paths."""
        from keras_acts.experiments.report import gallery

        folder, formats = Path(folder), tuple(formats)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        if self.reproduction is not None:
            for exhibit in gallery.reproduction_exhibits(self.reproduction):
                paths += [_save(exhibit, folder / f"{exhibit.name}.{suffix}") for suffix in formats]
        for number, problem in enumerate(self.problems, 1):
            prefix = f"{number}-" if len(self.problems) > 1 else ""
            for exhibit in gallery.exhibits(self, problem):
                paths += [_save(exhibit, folder / f"{prefix}{exhibit.name}.{suffix}") for suffix in formats]
        return paths

    def _one(self, problem: Problem | None) -> Problem:
        if problem is not None:
            return problem
        if len(self.problems) > 1:
            labels = "; ".join(each.label for each in self.problems)
            raise ValueError(
                f"`problem` must be one of `comparison.problems`, of which there are several ({labels}). Received: None"
            )
        return self.problems[0]

    def _compare(self, problem: Problem) -> list[Difference]:
        return differences(
            problem.scores, self.baseline(problem), higher_is_better=problem.higher_is_better, level=self.level
        )


def _each(problem: Problem, get: Callable[[Entry], Any]) -> dict[str, Any]:
    return {entry.activation: get(entry) for entry in problem.entries}


def _save(exhibit: Any, path: Path) -> Path:
    exhibit.figure.savefig(path, dpi=150)
    return path


def _layers(entry: Entry, name: str) -> np.ndarray:
    """A number of each layer, of shape (seeds, layers); nan where there is none."""
    rows = [[getattr(layer, name) for layer in record.layers] for record in entry.records]
    return np.array([[math.nan if value is None else value for value in row] for row in rows])


def _layer_names(problem: Problem) -> list[str]:
    return [layer.name for layer in problem.entries[0].records[0].layers]


def _memory(problem: Problem) -> dict[str, list[float]]:
    measured = _each(problem, lambda entry: [record.peak_memory_mb for record in entry.records])
    return {label: values for label, values in measured.items() if None not in values}


def _prediction(activation: str, measured: np.ndarray, problem: Problem) -> np.ndarray | None:
    """The theory's line for the hidden layers but the first, through their measured geometric mean."""
    try:
        start = theory.start(problem.model, activation, paired=problem.paired)
        if start is None or start.layers < 3:
            return None
        relative = theory.kernel_gradients(activation, start)
    except (ValueError, TypeError):  # over an axis, or without finite moments: no theory
        return None
    norms = measured[1:-1]
    if not (norms > 0.0).all():
        return None
    scale = np.exp(np.mean(np.log(norms) - np.log(relative)))
    return np.concatenate([[math.nan], scale * relative, [math.nan]])
