"""How much faster `keras_acts.compare` is than the plain loop: a new model, `compile` and `fit` for each run.

    python -m benchmarks.compare [--model cnn] [--plain-runs 6]

The whole grid of 12 activations x 10 seeds is trained by `compare`. Of the plain loop a part is run, one run after
another on all cores as `fit` does by itself, and its time extrapolated to the whole grid, which the output says.
Both see the same splits; the accuracies of the plain part are compared with those of the same activations and seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import keras
import numpy as np

from keras_acts.experiments import Plan, Record, Run, data, execute, networks, runs


def plain(run: Run) -> float:
    """The run as everybody writes it; the test accuracy."""
    split = data.load(run.data, run.seed)
    keras.utils.set_random_seed(run.seed)
    model = networks.builder(run.model, run.activation, split.train.x.shape[1:], split.outputs)().model
    model.compile(
        optimizer=keras.optimizers.Adam(run.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(
        split.train.x,
        split.train.y,
        batch_size=run.batch_size,
        epochs=run.epochs,
        validation_data=(split.validation.x, split.validation.y),
        verbose=0,
    )
    return float(model.evaluate(split.test.x, split.test.y, verbose=0, return_dict=True)["accuracy"])


def timed_plain(chosen: Sequence[Run]) -> tuple[float, list[float]]:
    plain(chosen[0])  # what Keras does once in a process is not the loop's fault
    start = time.perf_counter()
    accuracies = [plain(run) for run in chosen]
    return (time.perf_counter() - start) / len(chosen), accuracies


def timed_compare(plan: Plan) -> tuple[float, list[Record]]:
    """From the start of the worker processes to the last record."""
    start = time.perf_counter()
    records = list(execute(runs(plan), workers=plan.workers))
    return time.perf_counter() - start, records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--plain-runs", type=int, default=6, help="runs of the plain loop that are really done")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    plan = Plan(model=arguments.model, seeds=arguments.seeds)
    grid = runs(plan)
    chosen = grid[:: max(1, len(grid) // arguments.plain_runs)][: arguments.plain_runs]

    ours, records = timed_compare(plan)
    each, accuracies = timed_plain(chosen)
    by_run = {record.run: record.test_metric for record in records}
    differences = np.array([by_run[run] - accuracy for run, accuracy in zip(chosen, accuracies, strict=True)])
    error = differences.std(ddof=1) / np.sqrt(len(differences)) if len(differences) > 1 else float("nan")
    print(f"{plan.model}: {len(grid)} runs ({len(plan.activations)} activations x {plan.seeds} seeds)")
    print(f"compare: {ours:.1f} s, start of the workers and compilation included")
    print(f"plain loop: {each:.2f} s a run over {len(chosen)} runs, extrapolated to {each * len(grid):.0f} s")
    print(f"ratio: {each * len(grid) / ours:.1f}")
    print(
        f"test accuracy, compare minus plain loop: {differences.mean():+.4f} (standard error {error:.4f}, "
        f"{len(differences)} runs)"
    )


if __name__ == "__main__":
    main()
