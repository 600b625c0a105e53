"""What the numbers say, in words."""

import math
from collections.abc import Sequence

from keras_acts.experiments.analysis.differences import Difference
from keras_acts.experiments.analysis.selection import Task

__all__ = ["amount", "amounts", "counted", "describe", "p_value", "unit", "verdict"]

NEGLIGIBLE = 1e-6  # scores are float32


def verdict(task: Task, differences: Sequence[Difference]) -> list[str]:
    """The findings of one task as sentences, significant differences first.

    Args:
        task: what was tried.
        differences: its activations against the baseline.

    Returns:
        At least one sentence, without full stops.
    """
    ordered = sorted(differences, key=lambda found: found.mean, reverse=task.higher_is_better)
    lines = [describe(found, task.metric_name) for found in ordered if found.significant and not found.equivalent]
    equivalent = [found for found in ordered if found.equivalent]
    if equivalent:
        lines.append(_equivalent(equivalent, task.metric_name))
    lines += [_undecided(found, task) for found in ordered if found.undecided]
    others = [found for found in differences if found.worth is None and not found.significant]
    others = [found for found in others if not found.never_finishes]
    if others:
        lines.append(_no_difference(others, task.metric_name))
    if not differences:
        lines.append("a single activation: there is nothing to compare")
    elif min(found.pairs for found in differences) < 2:
        lines.append("1 seed cannot show any difference, however large: 2 seeds or more can")
    else:
        lines.append(_reach(task, min(found.pairs for found in differences)))
    lines += _warnings(task)
    empty = [entry.activation for entry in task.entries if entry.says_the_largest_class]
    if empty:
        names = "all" if len(empty) == len(task.entries) > 1 else ", ".join(empty)
        verb = "score" if names == "all" or len(empty) > 1 else "scores"
        lines.append(f"{names} {verb} as always naming the largest class does: nothing else is learned")
    for entry in task.entries:
        if entry.diverged:
            score = (
                "accuracy 0" if task.metric_name == "accuracy" else f"the worst finite {task.metric_name} in the test"
            )
            lines.append(
                f"{entry.activation}: {entry.diverged} of {counted(len(entry.records), 'run')} diverged and "
                f"count{'s' if entry.diverged == 1 else ''} as {score}"
            )
    return lines


def _warnings(task: Task) -> list[str]:
    """What may change with other learning rates or more epochs."""
    lines = []
    ends = [f"{entry.activation} ({entry.learning_rate:g})" for entry in task.entries if entry.at_an_end]
    if ends:
        lines.append(
            f"best at the lowest or highest learning rate tried, so that others may be better: {', '.join(ends)}"
        )
    lost = [entry.activation for entry in task.entries if entry.without_choice]
    if lost:
        lines.append(f"no learning rate gave a finite score on validation data, and none was chosen: {', '.join(lost)}")
    rising = task.still_improving
    if rising:
        who = "all" if len(rising) == len(task.entries) > 1 else ", ".join(rising)
        epochs = counted(len(task.entries[0].records[0].history["val_metric"]), "epoch")
        lines.append(f"still improving in the last of {epochs}, so that more may change it: {who}")
    return lines


def describe(found: Difference, metric_name: str) -> str:
    """One difference as a sentence.

    Args:
        found: an activation against the baseline.
        metric_name: "accuracy" is given in points (hundredths), everything else in its own unit.

    Returns:
        Such as "gelu beats relu by 0.6 points (95 % CI 0.2 to 1.1, p = 0.02 after Holm, 10 seeds)".
    """
    evidence = _evidence(found, metric_name)
    if not found.significant:
        return f"no significant difference between {found.activation} and {found.baseline} ({evidence})"
    if not found.higher_is_better and (found.diverged or found.baseline_diverged):
        return _with_diverged(found)
    gap = _amount_with_unit(abs(found.mean), metric_name)
    return f"{found.activation} {_verb(found)} {found.baseline} by {gap} ({evidence})"


def _with_diverged(found: Difference) -> str:
    """A significant difference of errors, some of which are infinite: nothing wins by its finite errors alone."""
    sides = [(found.activation, found.diverged), (found.baseline, found.baseline_diverged)]
    (winner, failed), (loser, _) = sides if found.better else reversed(sides)
    if failed:
        return f"{winner} has lower errors than {loser} where it finishes, but {failed} of {found.pairs} runs diverged"
    return (
        f"{found.activation} {_verb(found)} {found.baseline}: {found.diverged} of {found.pairs} runs diverged against "
        f"{found.baseline_diverged} (p {p_value(found.p_holm)} after Holm)"
    )


def amount(value: float, metric_name: str, *, signed: bool = False) -> str:
    """A difference as a number: in points for accuracies, with one decimal or two digits; three digits otherwise."""
    if not math.isfinite(value):
        return "–"
    sign = "+" if signed else ""
    if metric_name != "accuracy":
        return f"{value:{sign}.3g}" if value else "0"
    points = round(100.0 * value, 3)  # accuracies are shares of samples in float32: the rest is rounding error
    if points == 0.0:
        return "0.0"
    # 0.04 must not be written as 0.0, which would look like an interval that reaches zero.
    return f"{points:{sign}.1f}" if abs(points) >= 0.1 else f"{points:{sign}.1g}"


def amounts(values: Sequence[float], metric_name: str, *, signed: bool = False) -> list[str]:
    """Numbers of one kind, as `amount`; beside the largest, those that are nothing but its rounding error are 0."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    smallest = NEGLIGIBLE * max(finite, default=0.0)
    return [amount(0.0 if abs(value) < smallest else value, metric_name, signed=signed) for value in values]


def p_value(p: float) -> str:
    """A p-value with its sign of comparison, such as "= 0.02" or "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def unit(metric_name: str) -> str:
    """The unit of `amount`: "points" or the name of the metric."""
    return "points" if metric_name == "accuracy" else metric_name


def _evidence(found: Difference, metric_name: str) -> str:
    # In the direction of the sentence: "beats by 0.6 (0.2 to 1.1)" for errors as well as for accuracies.
    ends = [found.low, found.high]
    if found.significant:
        ends = sorted(map(abs, ends))
    interval = f"{percent(1.0 - found.interval_level)} CI"
    low, high, _ = amounts((*ends, found.mean), metric_name)
    return f"{interval} {low} to {high}, p {p_value(found.p_holm)} after Holm, {counted(found.pairs, 'seed')}"


def percent(share: float) -> str:
    """Such as "95 %" or "99.55 %"."""
    return f"{100.0 * share:.4g} %"


def _equivalent(found: Sequence[Difference], metric_name: str) -> str:
    names, (first, *_) = ", ".join(each.activation for each in found), found
    assert first.worth is not None
    return f"equivalent to {first.baseline} within {_amount_with_unit(first.worth, metric_name)}: {names}"


def _undecided(found: Difference, task: Task) -> str:
    more = None if found.pairs_to_decide is None else max(found.pairs_to_decide - found.pairs, 1)
    if more is not None:
        advice = f"about {counted(more, 'seed')} more would decide it"
    elif task.split.by_seed == "rows":
        advice = "no number of seeds would decide it on these rows: it takes more rows"
    else:
        advice = "no number of seeds up to 1000 would decide it"
    return f"undecided between {found.activation} and {found.baseline}: {advice} ({_evidence(found, task.metric_name)})"


def _reach(task: Task, pairs: int) -> str:
    """What the answer generalises to."""
    if task.split.by_seed == "own":
        return "valid as far as the scores of your loop are independent from seed to seed"
    same = "this network and these epochs" + ("" if task.entries[0].trials else " at this rate")
    if task.split.by_seed == "rows":
        same = same if task.epochs else "your loop"
        rows = f"{task.split.train:,} training and {task.split.test:,} test rows"
        return f"valid for {same}, on data of this kind as far as {pairs} divisions of one set ({rows}) can tell"
    if task.split.by_seed == "data":
        return f"valid for {same}, on data of this kind: each of {pairs} seeds made its own"
    return f"valid for {same}, with other first weights on these {task.split.test:,} test rows, not on other data"


def _no_difference(others: Sequence[Difference], metric_name: str) -> str:
    names = ", ".join(found.activation for found in others)
    sentence = f"no significant difference between {others[0].baseline} and {names}"
    pairs = counted(min(found.pairs for found in others), "seed")
    # A diverged run makes the spread so large that its number would say nothing about the others.
    detectable = [found.detectable for found in others if not found.diverged and not found.baseline_diverged]
    if not detectable or math.isnan(max(detectable)) or float(amount(max(detectable), metric_name)) == 0.0:
        return f"{sentence} ({pairs})"
    return f"{sentence} ({pairs} find {_amount_with_unit(max(detectable), metric_name)} or more in 8 of 10 cases)"


def _amount_with_unit(value: float, metric_name: str) -> str:
    return f"{amount(value, metric_name)} {'' if metric_name == 'accuracy' else 'in '}{unit(metric_name)}"


def _verb(found: Difference) -> str:
    return "beats" if found.better else "loses to"


def counted(number: int, noun: str) -> str:
    """Such as "1 seed" or "2 seeds"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
