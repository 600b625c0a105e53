"""What is compared, checked before anything runs, and the list of runs that follows from it."""

import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from keras_acts.core.params import choice, finite_number, illegal, integer
from keras_acts.experiments.runs.records import Run
from keras_acts.experiments.task import data as data_sets
from keras_acts.experiments.task import files, networks, optimizers, user_functions
from keras_acts.experiments.task.options import did_you_mean

__all__ = ["HOW", "USUAL", "Plan", "from_mapping", "read"]

USUAL = ("relu", "leaky_relu", "PReLU", "elu", "selu", "gelu", "silu", "mish", "softplus", "tanh", "sigmoid", "snake")
HOW = ("budget", "workers", "engine", "output")  # settings that say how a plan is carried out, not what is compared

PLAN = "a plan"  # in error texts

# ---- Checks: each takes the name of a setting and its value, and returns the value that is kept ---------------------

_count = functools.partial(integer, owner=PLAN, low=1)
_positive = functools.partial(finite_number, owner=PLAN, low=0.0, exclusive=True)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(illegal(name, value, PLAN, "true or false"))
    return value


def _one_of(*choices: str) -> Callable[[str, Any], str]:
    return lambda name, value: choice(name, value, PLAN, choices)


def _several(name: str, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__") or not tuple(value):
        raise ValueError(illegal(name, value, PLAN, "a list with something in it"))
    items = tuple(value)
    for item in items:
        if items.count(item) > 1:
            raise ValueError(f"`{name}` of a plan must not hold a value twice. Received: {item!r}")
    return items


def _rates(name: str, value: Any) -> tuple[float, ...]:
    return tuple(_positive(name, rate) for rate in _several(name, value))


def _optimizer(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(illegal(name, value, PLAN, "a name with options, such as 'adamw(weight_decay=0.01)'"))
    optimizers.find(value)
    return value


def _name_or_function(name: str, value: Any) -> str:
    if callable(value):
        return user_functions.name_of(value)
    if not isinstance(value, str):
        raise ValueError(illegal(name, value, PLAN, "a name or a function"))
    return value


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
        learning_rates: the grid. For each activation, the rate that is best on validation data is used; a single rate
            is used as it is, for all.
        optimizer: one of Keras by name, with options as in "adamw(weight_decay=0.01)"; "sgd" has momentum 0.9 unless it
            says another.
        paired: True to give every activation the initializer that `keras_acts.paired` finds for it, False for
            Keras' default.
        worth: the smallest difference worth having, in units of the metric: points for accuracies. With it each
            activation is better, worse, equivalent to the baseline or undecided.
        budget: seconds after which no run is started any more; None for no limit.
        workers: processes; None for one on each core.
        engine: "processes" on this machine, "ray" for a Ray cluster, or "here" for this process, one run at a time.
        output: the folder of the comparison; None for one below `runs` that belongs to these settings.

    Raises:
        ValueError: for an unknown or repeated name, a number out of range, or a data file that does not fit.
        OSError: for a data file that cannot be read.
        TypeError: for an unknown parameter of an activation.

    Example:
        >>> plan = Plan(activations=("relu", "gelu"), seeds=2)
        >>> len(plan.runs())
        4
    """

    activations: tuple[str, ...] = field(default=USUAL, metadata={"check": _several})
    baseline: str = "relu"
    data: str | Callable[..., Any] = field(default="digits", metadata={"check": _name_or_function})
    model: str | Callable[..., Any] = field(default="mlp", metadata={"check": _name_or_function})
    seeds: int = field(default=10, metadata={"check": _count})
    epochs: int = field(default=20, metadata={"check": _count})
    batch_size: int = field(default=128, metadata={"check": _count})
    learning_rates: tuple[float, ...] = field(default=(1e-3,), metadata={"check": _rates})
    optimizer: str = field(default="adam", metadata={"check": _optimizer})
    paired: bool = field(default=True, metadata={"check": _flag})
    worth: float | None = field(default=None, metadata={"check": _positive})
    budget: float | None = field(default=None, metadata={"check": _positive})
    workers: int | None = field(default=None, metadata={"check": _count})
    engine: str = field(default="processes", metadata={"check": _one_of("processes", "ray", "here")})
    output: str | Path | None = None

    def __post_init__(self) -> None:
        for each in fields(self):  # None is allowed where it is the default
            value = getattr(self, each.name)
            if "check" in each.metadata and not (value is None and each.default is None):
                object.__setattr__(self, each.name, each.metadata["check"](each.name, value))
        if self.baseline not in self.activations:
            object.__setattr__(self, "activations", (self.baseline, *self.activations))
        for name in (self.data, self.model):
            user_functions.check_shared(str(name), self.engine)
        self._check_activations()
        read, options = data_sets.find(str(self.data))
        if getattr(read, "func", None) is files.read:  # now, and not after the workers have started
            read(**options)
        networks.find(str(self.model))

    def _check_activations(self) -> None:
        seen: list[Any] = []
        for text in self.activations:
            if not isinstance(text, str):
                raise ValueError(f"`activations` must be names or spec strings. Received: {text!r}")
            factory = networks.ActivationFactory(text, self.paired)
            function = factory.make()
            if function in seen:
                raise ValueError(f"`activations` must not hold one activation twice. Received: {text!r} again")
            seen.append(function)
            try:
                factory.paired()
            except ValueError as error:
                raise ValueError(f"{error}. Or compare with Keras' default initializer: paired=False") from error

    def runs(self) -> list[Run]:
        """All trainings, seed by seed, so that a comparison cut short is still a fair one.

        Example:
            >>> [run.activation for run in Plan(activations=("relu", "gelu"), seeds=1).runs()]
            ['relu', 'gelu']
        """
        other = {"optimizer": self.optimizer if self.optimizer != "adam" else None, "file": self._digest}
        settings = tuple((name, value) for name, value in other.items() if value is not None)
        data, model = str(self.data), str(self.model)
        return [
            Run(data, model, activation, rate, seed, self.epochs, self.batch_size, self.paired, settings)
            for seed in range(self.seeds)
            for activation in self.activations
            for rate in self.learning_rates
        ]

    @property
    def settings(self) -> dict[str, Any]:
        """What the runs of one comparison share: seeds, activations and learning rates may be added later."""
        shared = ("data", "model", "epochs", "batch_size", "optimizer", "paired")
        return {name: getattr(self, name) for name in shared} | {"file": self._digest}

    @functools.cached_property
    def _digest(self) -> str | None:
        """Identifies what a file or a function of the user's gives as data, and the code of a network of the user's."""
        hashed = []
        data, model = str(self.data), str(self.model)
        if data_sets.is_own(data):
            hashed.append(data_sets.digest(data))
        if networks.is_own(model):
            hashed.append(user_functions.code_of(networks.find(model)[0]))
        return hashlib.sha256(b"".join(hashed)).hexdigest()[:16] if hashed else None

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
    known = [each.name for each in fields(Plan)]
    for name in values:
        if name not in known:
            near = did_you_mean(str(name), known)
            raise ValueError(f"A plan has no setting `{name}`.{near} It has {', '.join(known)}. Received: {name!r}")
    return Plan(**values)


def read(path: Path | str) -> dict[str, Any]:
    """The settings in a YAML plan file, for `from_mapping`.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is not a YAML mapping.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """With 1e-3 as a number, which YAML 1.1 takes for text."""

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+[eE][-+]?\d+"), list("-+0123456789"))
    try:
        values = yaml.load(Path(path).read_text(encoding="utf-8"), Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"The plan file {path} must be YAML. Received: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"The plan file {path} must hold settings, as 'seeds: 10'. Received: {values!r}")
    return values


def _word(text: str) -> str:
    name = Path(text.partition("(")[0].rpartition(":")[2]).stem
    return "".join(letter if letter.isalnum() or letter in "_" else "_" for letter in name)
