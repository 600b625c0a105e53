"""The answer in one sentence, and the ranking in groups: which activations cannot be told from the best."""

from collections.abc import Sequence

from keras_acts.experiments.analysis import tables
from keras_acts.experiments.analysis.analysis import Analysis
from keras_acts.experiments.analysis.selection import Task
from keras_acts.experiments.analysis.tables import Row

__all__ = ["answer", "groups", "leaders", "ordered"]

WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NAMED = 2  # activations; more are counted


def leaders(analysis: Analysis, task: Task) -> list[str]:
    """The best mean, and the activations whose difference from it is not significant, in the order of the table.

    All are compared with the best as with the baseline: by the same test, with Holm's correction for their number.
    """
    found = analysis.compared_with(analysis.best(task), task)
    apart = {each.activation for each in found if each.significant or each.never_finishes}
    return [row.activation for row in analysis.rows(task) if row.activation not in apart]


def answer(analysis: Analysis, task: Task) -> str:
    """Such as "None beats relu; six cannot be told from the best, gelu"."""
    found, baseline, best = analysis.differences(task), analysis.baseline(task), analysis.best(task)
    if not found:
        return f"{best}: {tables.score(analysis.rows(task)[0])}."
    told = [each for each in found if each.significant and not each.equivalent]
    better, worse = ([each.activation for each in told if each.better is good] for good in (True, False))
    equivalent = [each.activation for each in found if each.equivalent]
    parts = [f"{_who(better)} {'beats' if len(better) < 2 else 'beat'} {baseline}"]
    if worse:
        parts.append(f"{_who(worse)} {'loses' if len(worse) < 2 else 'lose'} to it")
    if equivalent:
        parts.append(f"{_who(equivalent)} {'is' if len(equivalent) < 2 else 'are'} equivalent to it")
    near = [name for name in leaders(analysis, task) if name != best]
    top = "it" if best == baseline else f"the best, {best}"
    if len(near) == len(found) > NAMED:
        parts.append(f"none can be told from {top}")
    elif near:
        parts.append(f"{_who(near)} cannot be told from {top}")
    elif best != baseline:
        parts.append(f"{best} is better than all others")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper() if not better or len(better) > NAMED else sentence[0]}{sentence[1:]}."


def _who(names: Sequence[str]) -> str:
    if 0 < len(names) <= NAMED:
        return " and ".join(names)
    return _number(len(names))


def _number(count: int) -> str:
    return WORDS[count] if count < len(WORDS) else str(count)


def groups(analysis: Analysis, task: Task) -> list[tuple[str, list[Row]]]:
    """The rows of the table, those first that cannot be told from the best; each group with its title.

    Empty for a single activation.
    """
    rows, first = analysis.rows(task), leaders(analysis, task)
    more = len(first) - 1
    title = f"The best, and {_number(more)} that cannot be told from it" if more else "The best"
    parted = [(title, [row for row in rows if row.activation in first])]
    parted.append(("Worse than the best", [row for row in rows if row.activation not in first]))
    return [(title, group) for title, group in parted if group and len(rows) > 1]


def ordered(analysis: Analysis, task: Task) -> list[Row]:
    """All rows, in the order of `groups`."""
    return [row for _, group in groups(analysis, task) for row in group] or analysis.rows(task)
