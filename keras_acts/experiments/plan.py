"""What is compared, checked before anything runs, and the list of runs that follows from it."""

import numbers
from dataclasses import dataclass

from keras_acts.core import registry
from keras_acts.experiments.networks import NETWORKS

ACTIVATIONS = ("sigmoid", "relu", "elu", "leaky_relu", "selu", "gelu")


@dataclass(frozen=True)
class Plan:
    """A comparison: every model with every activation, once for each seed.

    Args:
        activations: names or spec strings, such as "elu(alpha=0.5)".
        models: names of networks: "mlp", "cnn".
        seeds: number of repetitions, each with its own split of the data, initial weights and order of batches.
        epochs: passes over the training data.
        batch_size: images in a step.

    Raises:
        ValueError: for an unknown or repeated activation or model, or a number below 1.
        TypeError: for an unknown parameter of an activation.
    """

    activations: tuple[str, ...] = ACTIVATIONS
    models: tuple[str, ...] = tuple(NETWORKS)
    seeds: int = 2
    epochs: int = 15
    batch_size: int = 128

    def __post_init__(self) -> None:
        for name in ("seeds", "epochs", "batch_size"):
            _check_count(name, getattr(self, name))
        for name in ("activations", "models"):
            _check_names(name, getattr(self, name))
        for model in self.models:
            if model not in NETWORKS:
                raise ValueError(f"`models` must be among: {', '.join(NETWORKS)}. Received: {model!r}")
        resolved = [registry.get(activation) for activation in self.activations]
        for number, activation in enumerate(resolved):
            first = resolved.index(activation)
            if first != number:
                raise ValueError(
                    "`activations` must not hold one activation twice. "
                    f"Received: {self.activations[first]!r} and {self.activations[number]!r}"
                )


@dataclass(frozen=True)
class Run:
    """One training: plain data, so that it can be sent to another process and written into a store."""

    model: str
    activation: str
    seed: int
    epochs: int
    batch_size: int


def runs(plan: Plan) -> list[Run]:
    """All trainings of a plan, model by model and seed by seed.

    Example:
        >>> [run.activation for run in runs(Plan(activations=("relu", "gelu"), models=("mlp",), seeds=1))]
        ['relu', 'gelu']
    """
    return [
        Run(model, activation, seed, plan.epochs, plan.batch_size)
        for model in plan.models
        for seed in range(plan.seeds)
        for activation in plan.activations
    ]


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"`{name}` must be an integer >= 1. Received: {name}={value!r}")


def _check_names(name: str, value: object) -> None:
    if not isinstance(value, tuple) or not value or not all(isinstance(item, str) for item in value):
        raise ValueError(f"`{name}` must be a non-empty tuple of strings. Received: {name}={value!r}")
    if len(set(value)) < len(value):
        twice = next(item for item in value if value.count(item) > 1)
        raise ValueError(f"`{name}` must not hold a name twice. Received: {twice!r}")
