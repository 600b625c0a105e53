"""What is compared, checked before anything runs, and the list of runs that follows from it."""

from __future__ import annotations

import hashlib
import json
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from keras_acts.experiments.runs.records import Run
from keras_acts.experiments.task import data as data_module
from keras_acts.experiments.task import networks, user_functions

ACTIVATIONS = (
    "relu",
    "leaky_relu",
    "PReLU",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
    "snake",
)
OPTIMIZERS = ("adam", "sgd")
ENGINES = ("processes", "ray", "here")


@dataclass(frozen=True)
class Plan:
    """A comparison: one network on one data set with every activation and learning rate, once for each seed.

    Args:
        activations: names or spec strings of functions and layers, such as "elu(alpha=0.5)" or "PReLU".
        baseline: the activation that the others are compared with. It is added if it is missing.
        data: a data set, with options as in "circles(noise=0.1)"; a .csv or .npz file; a function of your own that
            returns x and y, as such or as "module:function".
        model: "mlp", "cnn", "deep_mlp" or "siren", with options as in "mlp(width=64, depth=3)"; a function of your own
            `f(activation, **options) -> keras.Model`, as such or as "module:function".
        seeds: number of repetitions, each with its own split of the data, first weights and order of batches.
        epochs: passes over the training data.
        batch_size: samples in a step.
        learning_rates: the grid; for each activation, validation data choose among them.
        optimizer: "adam", or "sgd" with momentum 0.9.
        paired: False to give every activation Keras' default initializer instead of its own.
        budget: seconds after which no run is started any more; None for no limit.
        workers: processes; None for one on each core.
        engine: "processes" on this machine, "ray" for a Ray cluster, or "here" for this process, one run at a time.
        output: the folder of the comparison; None for one below `runs` that belongs to these settings.

    Raises:
        ValueError: for an unknown or repeated name, or a number out of range.
        TypeError: for an unknown parameter of an activation.

    Example:
        >>> plan = Plan(activations=("relu", "gelu"), seeds=2)
        >>> len(runs(plan))
        4
    """

    activations: tuple[str, ...] = ACTIVATIONS
    baseline: str = "relu"
    data: str | Callable[..., Any] = "digits"
    model: str | Callable[..., Any] = "mlp"
    seeds: int = 10
    epochs: int = 20
    batch_size: int = 128
    learning_rates: tuple[float, ...] = (1e-3,)
    optimizer: str = "adam"
    paired: bool = True
    budget: float | None = None
    workers: int | None = None
    engine: str = "processes"
    output: str | None = None

    def __post_init__(self) -> None:
        for name in ("seeds", "epochs", "batch_size"):
            _check_count(name, getattr(self, name))
        if self.workers is not None:
            _check_count("workers", self.workers)
        for name in ("activations", "learning_rates"):
            self._set(name, _as_tuple(name, getattr(self, name)))
        for rate in self.learning_rates:
            _check_positive("learning_rates", rate)
        self._set("learning_rates", tuple(float(rate) for rate in self.learning_rates))
        if self.budget is not None:
            _check_positive("budget", self.budget)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("engine", self.engine, ENGINES)
        if not isinstance(self.paired, bool):
            raise ValueError(f"`paired` must be true or false. Received: paired={self.paired!r}")
        if self.output is not None:
            self._set("output", str(self.output))
        for name in ("data", "model"):
            value = getattr(self, name)
            if callable(value):
                self._set(name, user_functions.name_of(value))
            elif not isinstance(value, str):
                raise ValueError(f"`{name}` must be a name or a function. Received: {name}={value!r}")
            user_functions.check_shared(str(getattr(self, name)), self.engine)
        if self.baseline not in self.activations:
            self._set("activations", (self.baseline, *self.activations))
        self._check_activations()
        data_module.check(str(self.data))
        networks.check(str(self.model))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_activations(self) -> None:
        seen: list[Any] = []
        for text in self.activations:
            if not isinstance(text, str):
                raise ValueError(f"`activations` must be names or spec strings. Received: {text!r}")
            factory = networks.ActivationFactory(text, self.paired)
            function = factory.make()
            if function in seen or self.activations.count(text) > 1:
                raise ValueError(f"`activations` must not hold one activation twice. Received: {text!r} again")
            seen.append(function)
            try:
                factory.paired()
            except ValueError as error:
                raise ValueError(f"{error}. Or compare without pairing: paired=False") from error

    @property
    def settings(self) -> dict[str, Any]:
        """What the runs of one comparison share: seeds, activations and learning rates may be added later."""
        shared = ("data", "model", "epochs", "batch_size", "optimizer", "paired")
        return {name: getattr(self, name) for name in shared} | {"file": _digest(self)}

    @property
    def folder(self) -> Path:
        """Where the comparison is kept: the same settings are the same folder, so that starting again continues."""
        if self.output is not None:
            return Path(self.output)
        parts = [self.settings, self.activations, self.baseline, self.seeds, self.learning_rates]
        key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
        return Path("runs") / f"{self.words}-{key}"

    @property
    def words(self) -> str:
        """Data and network as part of a file name."""
        return f"{_word(str(self.data))}-{_word(str(self.model))}"


def from_mapping(values: Mapping[str, Any]) -> Plan:
    """A plan from plain data, as in a plan file.

    Raises:
        ValueError: for an unknown setting, with near matches, and what `Plan` raises.
    """
    known = [field.name for field in fields(Plan)]
    for name in values:
        if name not in known:
            near = user_functions.did_you_mean(str(name), known)
            raise ValueError(f"A plan has no setting `{name}`.{near} It has {', '.join(known)}. Received: {name!r}")
    return replace(Plan(), **values)


def read(path: Path | str) -> dict[str, Any]:
    """The settings in a YAML plan file, for `from_mapping`.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is not a YAML mapping.
    """
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"The plan file {path} must be YAML. Received: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"The plan file {path} must hold settings, as 'seeds: 10'. Received: {values!r}")
    return values


def runs(plan: Plan) -> list[Run]:
    """All trainings of a plan, seed by seed, so that a comparison cut short is still a fair one.

    Example:
        >>> [run.activation for run in runs(Plan(activations=("relu", "gelu"), seeds=1))]
        ['relu', 'gelu']
    """
    other = {"optimizer": plan.optimizer if plan.optimizer != "adam" else None, "file": _digest(plan)}
    return [
        Run(
            data=str(plan.data),
            model=str(plan.model),
            activation=activation,
            learning_rate=rate,
            seed=seed,
            epochs=plan.epochs,
            batch_size=plan.batch_size,
            paired=plan.paired,
            settings=tuple((name, value) for name, value in other.items() if value is not None),
        )
        for seed in range(plan.seeds)
        for activation in plan.activations
        for rate in plan.learning_rates
    ]


def _digest(plan: Plan) -> str | None:
    """The content of a data file, and of the file of an own function, so that another content is another comparison."""
    contents = [file.read_bytes() for file in map(_file, (str(plan.data), str(plan.model))) if file is not None]
    return hashlib.sha256(b"".join(contents)).hexdigest()[:16] if contents else None


def _file(source: str) -> Path | None:
    place = source.partition("(")[0]
    for name in (place, place.rpartition(":")[0]):  # data.csv, networks.py:small
        if name and Path(name).is_file():
            return Path(name)
    return None


def _word(text: str) -> str:
    name = Path(text.partition("(")[0].rpartition(":")[2]).stem
    return "".join(letter if letter.isalnum() or letter in "_" else "_" for letter in name)


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"`{name}` must be an integer >= 1. Received: {name}={value!r}")


def _check_positive(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0.0 < value < math.inf:
        raise ValueError(f"`{name}` must be finite and > 0. Received: {name}={value!r}")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = user_functions.did_you_mean(str(value), choices)
        raise ValueError(f"`{name}` must be one of {', '.join(map(repr, choices))}.{near} Received: {value!r}")


def _as_tuple(name: str, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__") or not tuple(value):
        raise ValueError(f"`{name}` must be a list with something in it. Received: {name}={value!r}")
    items = tuple(value)
    for item in items:
        if items.count(item) > 1:
            raise ValueError(f"`{name}` must not hold a value twice. Received: {item!r}")
    return items
