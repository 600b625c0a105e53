"""What a comparison gives: the table, the verdict, the figures, the files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from keras_acts.experiments.analysis import tables
from keras_acts.experiments.analysis.inference import LEVEL
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.presets.reproduction import Reproduction
from keras_acts.experiments.report import gallery, page
from keras_acts.experiments.report.boundaries import Boundary
from keras_acts.experiments.report.drawing import DrawnAnalysis
from keras_acts.experiments.runs.records import Record

__all__ = ["Comparison"]


class Comparison(DrawnAnalysis):
    """Finished runs, what follows from them, and ways to look at it.

    Every activation is compared with the baseline on each task, a data set and a network, by itself, at the learning
    rate that was best for it on validation data. Diverged runs count as the worst score. Methods that take a
    `task` need it only where there are several.

    Args:
        records: finished runs.
        baseline: what the others are compared with; "relu" by default, or the first activation where that is missing.
        level: significance level, between 0 and 1.
        worth: the smallest difference worth having, in units of the metric: points for accuracies. With it an
            activation is better, worse, equivalent or undecided.
        reproduction: the published figures that the runs are put beside, where they belong to a preset.
        notes: sentences on how these records came about.

    Attributes:
        records: the runs.
        tasks: the data sets and networks.
        level: as given.
        worth: as given.
        reproduction: as given.
        notes: as given.

    Raises:
        ValueError: for no records, an unknown baseline, or one that a task lacks.

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
        worth: float | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(records, baseline, level, worth)
        self.reproduction = reproduction
        self.notes = tuple(notes)

    def verdict(self, task: Task | None = None) -> str:
        """The findings in words, a line for each; of all tasks unless one is given."""
        if task is not None or (len(self.tasks) == 1 and self.reproduction is None):
            return "\n".join([*self.sentences(task), *(self.notes if task is None else ())])
        found = [f"{each.label}:\n{self.verdict(each)}" for each in self._compared]
        return "\n".join([*([] if self.reproduction is None else [str(self.reproduction)]), *found, *self.notes])

    def __str__(self) -> str:
        return self.verdict()

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = [] if self.reproduction is None else [self.reproduction]
        for task in self._compared:
            parts += [tables.rich_table(self.rows(task), task.facts), Text(self.verdict(task) + "\n")]
        return Group(*parts, *map(Text, self.notes))

    @property
    def _compared(self) -> list[Task]:
        """The tasks; of a preset, which has its own table, only those with something to compare."""
        return [task for task in self.tasks if self.reproduction is None or len(task.entries) > 1]

    # ---- Files -------------------------------------------------------------------------------------------------------

    def to_csv(self, folder: str | Path) -> None:
        """Write `summary.csv`, `runs.csv`, `history.csv` and `layers.csv` into a folder, which is made if missing."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tables.write_csv(self.table(), self.records, folder)

    def to_html(
        self, path: str | Path, *, boundaries: Iterable[Boundary] = (), settings: Mapping[str, object] | None = None
    ) -> None:
        """Write the report: one HTML file that needs no network.

        Args:
            path: the file.
            boundaries: classifiers of two-dimensional data, to be drawn in the plane.
            settings: what else is needed to repeat the comparison, such as the command.
        """
        text = page.render(self, self.reproduction, tuple(boundaries), dict(settings or {}))
        Path(path).write_text(text, encoding="utf-8")

    def save_figures(self, folder: str | Path, formats: Iterable[str] = ("png", "svg")) -> list[Path]:
        """Write the figures of the report as files into a folder, which is made if missing, and return their paths."""
        folder, formats = Path(folder), tuple(formats)
        folder.mkdir(parents=True, exist_ok=True)
        exhibits = [] if self.reproduction is None else gallery.reproduction_exhibits(self.reproduction)
        for number, task in enumerate(self.tasks, 1):
            prefix = f"{number}-" if len(self.tasks) > 1 else ""
            exhibits += [each._replace(name=prefix + each.name) for each in gallery.exhibits(self, task)]
        paths = []
        for exhibit in exhibits:
            for suffix in formats:
                paths.append(folder / f"{exhibit.name}.{suffix}")
                exhibit.figure.savefig(paths[-1], dpi=150)
        return paths
