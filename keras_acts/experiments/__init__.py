"""The comparison tool: plan -> runs -> records -> report, each a plain function over data."""

from collections.abc import Iterable

from keras_acts.experiments import report
from keras_acts.experiments.networks import NETWORKS
from keras_acts.experiments.plan import ACTIVATIONS, Plan, runs
from keras_acts.experiments.runner import Record, execute

__all__ = ["Plan", "Record", "compare", "execute", "report", "runs"]


def compare(
    activations: Iterable[str] = ACTIVATIONS,
    models: Iterable[str] = tuple(NETWORKS),
    seeds: int = 2,
    epochs: int = 15,
) -> list[Record]:
    """Train the same networks with many activations on scikit-learn's digits.

    Only the activation differs, and what belongs to it (initializer, AlphaDropout for selu). For one seed, all
    activations get the same split of the data and the same order of batches.

    Args:
        activations: names or spec strings, such as "elu(alpha=0.5)".
        models: "mlp", "cnn" or both.
        seeds: number of repetitions.
        epochs: passes over the training data.

    Returns:
        One record for each run, for `report.summarize(records)` and `report.write(records, folder)`.

    Raises:
        ValueError: for an unknown or repeated activation or model, or a number below 1.

    Example:
        records = experiments.compare(["relu", "mish"], models=["mlp"], seeds=1, epochs=2)
        records[0].test_accuracy
    """
    plan = Plan(tuple(activations), tuple(models), seeds, epochs)
    return list(execute(runs(plan)))
