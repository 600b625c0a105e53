"""Finished runs, and what follows from them in numbers and sentences."""

from collections.abc import Iterable

from keras_acts.experiments.analysis import tables, verdict
from keras_acts.experiments.analysis.differences import Difference, differences
from keras_acts.experiments.analysis.inference import LEVEL
from keras_acts.experiments.analysis.selection import Task, tasks
from keras_acts.experiments.runs.records import Record

__all__ = ["Analysis"]


class Analysis:
    """Finished runs, and what follows from them.

    Every activation is compared with the baseline on each task, a data set and a network, by itself, at the learning
    rate that was best for it on validation data. Diverged runs count as the worst score.

    Args:
        records: finished runs.
        baseline: what the others are compared with; "relu" by default, or the first activation where that is missing.
        level: significance level, between 0 and 1.
        worth: the smallest difference worth having, in units of the metric: points for accuracies. With it an
            activation is better, worse, equivalent or undecided.

    Attributes:
        records: the runs.
        tasks: the data sets and networks.
        level: as given.
        worth: as given.

    Raises:
        ValueError: for no records, an unknown baseline, or one that a task lacks.
    """

    def __init__(
        self, records: Iterable[Record], baseline: str | None = None, level: float = LEVEL, worth: float | None = None
    ) -> None:
        self.records = tuple(records)
        self.tasks = tasks(self.records)
        self.level = level
        self.worth = worth
        self._baseline = baseline
        self._differences = {task.label: self.compared_with(self.baseline(task), task) for task in self.tasks}

    def compared_with(self, baseline: str, task: Task) -> list[Difference]:
        """Every other activation of a task against any of them."""
        in_points = task.metric_name == "accuracy"
        return differences(
            task.each(lambda entry: entry.scores),
            baseline,
            higher_is_better=task.higher_is_better,
            level=self.level,
            overlap=task.overlap,
            resolution=task.resolution,
            worth=self.worth / 100.0 if self.worth is not None and in_points else self.worth,
        )

    def baseline(self, task: Task | None = None) -> str:
        """The activation that the others are compared with."""
        names = [entry.activation for entry in self.task(task).entries]
        if self._baseline is None:
            return "relu" if "relu" in names else names[0]
        if self._baseline not in names:
            raise ValueError(
                f"`baseline` must be one of the activations: {', '.join(names)}. Received: {self._baseline!r}"
            )
        return self._baseline

    def differences(self, task: Task | None = None) -> list[Difference]:
        """Every activation against the baseline."""
        return self._differences[self.task(task).label]

    def rows(self, task: Task | None = None) -> list[tables.Row]:
        """One row for each activation of a task, the best mean test score first."""
        return tables.table(self.task(task), self.differences(task))

    def table(self) -> list[tables.Row]:
        """One row for each task and activation, in each task the best mean test score first."""
        return [row for task in self.tasks for row in self.rows(task)]

    def best(self, task: Task | None = None) -> str:
        """The activation with the best mean test score. Use `verdict` to see whether the difference is significant."""
        return self.rows(task)[0].activation

    def sentences(self, task: Task | None = None) -> list[str]:
        """The findings of a task in words."""
        return verdict.verdict(self.task(task), self.differences(task))

    def task(self, task: Task | None = None) -> Task:
        """The task given, or the only one.

        Raises:
            ValueError: if none is given and there are several.
        """
        if task is not None:
            return task
        if len(self.tasks) > 1:
            labels = "; ".join(each.label for each in self.tasks)
            raise ValueError(
                f"`task` must be one of `comparison.tasks`, of which there are several ({labels}). Received: None"
            )
        return self.tasks[0]
