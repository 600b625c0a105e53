"""The learning rate: the best of a grid on validation data, by runs that are used for nothing else."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from synthetic import record

import keras_acts
from keras_acts.experiments import Comparison, execution, tuning
from keras_acts.experiments.plan import Plan
from keras_acts.experiments.runs import runner
from keras_acts.experiments.runs.versions import versions
from keras_acts.experiments.task import data


def drawn_grid(random):
    return tuple(sorted({float(f"{10 ** random.uniform(-5, 0):.3g}") for _ in range(random.integers(2, 7))}))


@pytest.mark.parametrize("seed", range(40))
def test_a_grid_is_extended_until_its_best_is_inside_or_two_steps_beyond(seed):
    """A score with one summit anywhere: what is chosen is the nearest rate tried, or the end two steps beyond."""
    random = np.random.default_rng(seed)
    higher = bool(random.integers(2))
    grid = drawn_grid(random)
    if len(grid) < 2:
        grid = (1e-3, 1e-2)
    summit = random.uniform(-8.0, 3.0)

    def score(rate):
        loss = (math.log10(rate) - summit) ** 2
        return 1.0 / (1.0 + loss) if higher else loss

    scores = {rate: [score(rate)] * 3 for rate in grid}
    while (further := tuning.next_rate(scores, grid, higher)) is not None:
        assert further < min(scores) or further > max(scores)
        scores[further] = [score(further)] * 3
    chosen = tuning.best(scores, higher)
    best = max if higher else min
    assert chosen == best(scores, key=score)
    lower, upper = (sum(rate < min(grid) for rate in scores), sum(rate > max(grid) for rate in scores))
    assert lower <= 2
    assert upper <= 2
    assert not tuning.at_an_end(scores, chosen) or 2 in (lower, upper)


def test_the_usual_grid_goes_on_as_it_began():
    best_at_an_end = {rate: [rate] for rate in tuning.GRID}
    scores = dict(best_at_an_end)
    for expected in (0.1, 0.3, None):
        further = tuning.next_rate(scores, tuning.GRID, True)
        assert further == expected
        scores[further] = [further]
    scores = dict(best_at_an_end)
    for expected in (1e-4, 3e-5, None):
        further = tuning.next_rate(scores, tuning.GRID, False)
        assert further == expected
        scores[further] = [further]


def test_diverged_runs_count_and_ties_take_the_middle():
    nothing = math.nan
    assert tuning.best({1e-3: [0.5, 0.5], 1e-2: [0.9, nothing]}, True) == 1e-3
    assert tuning.best({1e-3: [9.0, 9.0], 1e-2: [0.1, nothing]}, False) == 1e-3
    assert tuning.best({1e-3: [1.0], 1e-2: [1.0], 1e-1: [1.0]}, True) == 1e-2
    assert tuning.next_rate({1e-3: [1.0], 1e-2: [1.0], 1e-1: [1.0]}, (1e-3, 1e-2, 1e-1), True) is None


def scored_by(score):
    """`runner.run_one` without training: the score of a rate and activation."""

    def run_one(run):
        made = record(run.activation, run.seed, score=score(run), validation=0.5)
        return dataclasses.replace(made, run=run, versions=versions())

    return run_one


@pytest.mark.parametrize("workers", [1, 3])
def test_each_activation_is_compared_at_its_own_rate(monkeypatch, workers):
    """In whatever order records come: relu is best inside the grid, gelu two steps beyond it."""
    summits = {"relu": 3e-3, "gelu": 0.3, "tanh": 1e-4}

    def score(run):
        return 1.0 - abs(math.log10(run.learning_rate / summits[run.activation])) / 10.0

    def here(count, most):
        class Worker:
            lost = RuntimeError

            def submit(self, run):
                future = runner.Future()
                future.set_result(scored_by(score)(run))
                return future

        yield [Worker() for _ in range(workers)]

    monkeypatch.setitem(runner._ENGINES, "processes", runner.contextmanager(here))
    plan = Plan(activations=tuple(summits), seeds=4)
    records = list(execution.carry_out(plan, None))
    assert len({each.run for each in records}) == len(records) == 3 * (15 + 4) + 2 * 3 + 1 * 3 + 1 * 3
    compared = {each.run for each in records if not each.run.tuning}
    assert {(run.activation, run.learning_rate, run.seed) for run in compared} == {
        (name, rate, seed) for name, rate in summits.items() for seed in range(4)
    }
    assert [each.run for each in execution.in_order(plan, reversed(records))] == plan.runs(records)


def test_more_of_everything_in_the_same_folder_trains_only_what_is_new(monkeypatch, tmp_path):
    trained = []
    score = scored_by(lambda run: 0.9 if run.learning_rate == 1e-2 else 0.8)
    monkeypatch.setattr(runner, "run_one", lambda run: trained.append(run) or score(run))
    first = Plan(activations=("relu", "gelu"), seeds=2, engine="here", output=tmp_path)

    def look(plan):
        trained.clear()
        said = []
        records = list(execution.carry_out(plan, tmp_path, said.append))
        assert {each.run for each in records} == set(plan.runs(records))
        return len(trained), said

    assert look(first) == (2 * 17, [])
    assert look(first) == (0, ["34 of 34 runs were taken from an earlier look"])
    number, said = look(dataclasses.replace(first, activations=("relu", "gelu", "tanh"), baseline="gelu"))
    assert number == 17
    assert said[-1].startswith("look 2 at results in this folder: each look is one more chance to be wrong")
    number, said = look(dataclasses.replace(first, seeds=5))
    assert (number, said[0]) == (2 * 3, "34 of 40 runs were taken from an earlier look")
    assert said[-1].startswith("look 3")
    assert look(dataclasses.replace(first, learning_rates=(1e-2,)))[0] == 0


def test_the_folder_belongs_to_the_task_alone():
    plan = Plan()
    same = [{"baseline": "gelu"}, {"seeds": 3}, {"activations": ("relu", "tanh")}, {"learning_rates": (0.1,)}]
    same += [{"worth": 0.5}, {"metric": "AUC"}]
    assert {dataclasses.replace(plan, **each).folder for each in same} == {plan.folder}
    other = [{"epochs": 3}, {"batch_size": 64}, {"optimizer": "sgd"}, {"paired": False}, {"best_epoch": True}]
    folders = [dataclasses.replace(plan, **each).folder for each in other]
    assert len({plan.folder, *folders}) == 1 + len(other)


def test_validation_rows_are_those_of_every_seed_and_never_tested_on():
    splits = [data.load("iris", seed) for seed in (*range(6), *tuning.SEEDS)]
    fixed = set(splits[0].validation.index)
    assert len(fixed) == 30
    for split in splits:
        train, validation, test = (set(part.index) for part in (split.train, split.validation, split.test))
        assert validation == fixed
        assert not test & fixed
        assert not train & test
        assert (len(train), len(test)) == (90, 30)
    assert all(set(a.test.index) != set(b.test.index) for a, b in itertools.combinations(splits, 2))


@pytest.mark.parametrize("seed", range(60))
def test_any_legal_grid_comes_to_an_end(seed):
    """Close rates, rates at the ends of the numbers, scores that are negative, alike, infinite or missing."""
    random = np.random.default_rng(seed)
    exponent, step = random.uniform(-300.0, 300.0), random.choice([1e-4, 0.5, 20.0, 280.0])
    grid = tuple((10.0 ** np.clip(exponent + step * np.arange(random.integers(2, 5)), -307.0, 307.0)).tolist())
    if len(set(grid)) < len(grid):
        grid = (1e-3, 1e-3 * (1.0 + 1e-6))
    higher = bool(random.integers(2))
    scores = {}
    further, tries = grid[0], list(grid)
    while tries:
        rate = tries.pop()
        kind = random.integers(4)
        drawn = random.normal(size=3) - 1.0 if kind else np.full(3, random.choice([math.nan, math.inf, 0.5]))
        scores[rate] = drawn.tolist()
        further = tuning.next_rate(scores, grid, higher) if not tries else None
        if further is not None:
            assert further not in scores
            assert 0.0 < further < math.inf
            tries.append(further)
    assert len(scores) <= len(grid) + 4
    finite = {rate for rate, each in scores.items() if np.isfinite(each).all()}
    if finite:  # what always fails is never better than what finishes
        assert np.isfinite(scores[tuning.best(scores, higher)]).any()


def test_a_rate_that_diverges_is_not_better_than_negative_scores():
    scores = {1e-3: [-0.3, -0.2, -0.3], 1e-2: [-0.1, -0.2, -0.1], 1e-1: [math.nan] * 3}
    assert tuning.best(scores, True) == 1e-2


def test_a_budget_that_ends_anywhere_gives_an_answer_or_says_that_it_was_too_short():
    """Whatever runs are missing, as workers steal them from each other's ends."""
    score = scored_by(lambda run: 0.9 if run.learning_rate == 1e-2 else 0.8)
    plan = Plan(activations=("relu", "gelu", "tanh"), seeds=4)
    everything: list = []
    while missing := [run for run in plan.runs(everything) if run not in {each.run for each in everything}]:
        everything += map(score, missing)
    random = np.random.default_rng(0)
    for _ in range(200):
        some = [each for each in everything if random.uniform() < random.choice([0.3, 0.9, 0.99])]
        kept = execution.in_order(plan, some)
        compared = {each.run.activation for each in kept if not each.run.tuning}
        if "relu" in compared:
            found = Comparison(kept, baseline="relu")
            assert {row.seeds for row in found.table()} <= {1, 2, 3, 4}


def test_a_look_with_another_metric_is_one_more(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "run_one", scored_by(lambda run: 0.9 if run.learning_rate == 1e-2 else 0.8))
    plan = Plan(activations=("relu", "gelu"), data="iris", model="mlp(width=4)", seeds=2, engine="here")
    for number, metric in enumerate((None, "CategoricalCrossentropy", "F1Score(average='macro')"), 1):
        said = []
        list(execution.carry_out(dataclasses.replace(plan, metric=metric), tmp_path, said.append))
        assert any(f"look {number} " in each for each in said) == (number > 1)


def test_a_name_that_means_something_else_is_another_run():
    keras_acts.define("x * sigmoid(x)", name="tuned_wave", replace=True)
    before = Plan(activations=("relu", "tuned_wave")).runs()
    assert before == Plan(activations=("relu", "tuned_wave")).runs()
    keras_acts.define("sin(8 * x) + x", name="tuned_wave", replace=True)
    after = Plan(activations=("relu", "tuned_wave")).runs()
    assert {run for run in before if run.activation == "relu"} == {run for run in after if run.activation == "relu"}
    assert not {run for run in before if run.activation == "tuned_wave"} & set(after)


def test_a_generator_of_activations_is_read_once():
    assert Plan(activations=(name for name in ("relu", "gelu", "tanh"))).activations == ("relu", "gelu", "tanh")


def test_a_metric_that_does_not_fit_is_refused_before_any_run(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "run_one", lambda run: pytest.fail("trained"))
    plan = Plan(data="diabetes", metric="AUC", engine="here")
    with pytest.raises(ValueError, match=r"`metric` must fit the data, numbers\. Received: 'AUC'"):
        list(execution.carry_out(plan, tmp_path / "new"))
    assert not (tmp_path / "new").exists()
