"""What is compared, checked before anything runs, and the list of runs that follows from it."""

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts.core.params import choice, finite_number, illegal, integer
from keras_acts.experiments import tuning
from keras_acts.experiments.runs.records import Record, Run, order
from keras_acts.experiments.runs.scoring import scored
from keras_acts.experiments.task import data as data_sets
from keras_acts.experiments.task import files, metrics, networks, optimizers, user_functions
from keras_acts.experiments.task.options import did_you_mean

__all__ = ["HOW", "USUAL", "Plan", "from_mapping", "read"]

USUAL = ("relu", "leaky_relu", "PReLU", "elu", "selu", "gelu", "silu", "mish", "softplus", "tanh", "sigmoid", "snake")
HOW = (
    "budget",
    "time_limit",
    "workers",
    "engine",
    "output",
)  # settings that say how a plan is carried out, not what is compared

OWN_LOOP_HAS = ("data", "model", "epochs", "batch_size", "optimizer", "best_epoch", "metric")

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
    iterable = hasattr(value, "__iter__") and not isinstance(value, str | bytes | Mapping)
    items = tuple(value) if iterable else ()  # once: it may be a generator
    if not items:
        raise ValueError(illegal(name, value, PLAN, "a list with something in it"))
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


def _metric(name: str, value: Any) -> Any:
    metrics.find(value)
    return value


def _name_or_function(name: str, value: Any) -> str:
    if callable(value):
        return user_functions.name_of(value)
    if not isinstance(value, str):
        raise ValueError(illegal(name, value, PLAN, "a name or a function"))
    return value


@dataclass(frozen=True)
class Plan:
    """A comparison: one network on one data set with every activation, once for each seed.

    Of several learning rates, each activation gets the one that is best on validation data, over three seeds of their
    own; where that one is at an end of the grid, the grid goes on there, at most two steps a side. The test data are
    read for the chosen rate only, and with other seeds.

    Args:
        activations: names or spec strings of functions and layers, such as "elu(alpha=0.5)" or "PReLU".
        baseline: the activation that the others are compared with. It is added if it is missing.
        data: a data set, with options as in "circles(noise=0.1)"; a .csv or .npz file; a function of your own that
            returns x and y, as such or as "module:function". A .csv file has options, "table.csv(target='price')":
            target, task and sep, as in `keras_acts.experiments.task.files`.
        model: "mlp", "cnn", "deep_mlp" or "siren", with options as in "mlp(width=64, depth=3)"; a function of your own
            `f(activation, **options) -> keras.Model`, as such or as "module:function", in which `activation.layer()` is
            the activation as a new layer, and `activation.paired()` the initializers of the layer before it, as in
            `Dense(64, **activation.paired())`. Arguments named `input_shape` and `outputs` are given.
        fit: a training loop of your own, instead of data, model, epochs, batch_size and optimizer: a function
            `f(activation, initializers, rate, seed)`, as such or as "module:function", which returns scores as in
            `keras_acts.experiments.runs.own_loop`.
        seeds: number of repetitions, each with its own split of the data, first weights and order of batches.
        epochs: passes over the training data.
        batch_size: samples in a step.
        learning_rates: the grid, or a single rate, which is used as it is, for all.
        optimizer: one of Keras by name, with options as in "adamw(weight_decay=0.01)"; "sgd" has momentum 0.9 unless it
            says another.
        metric: what is compared: any metric of Keras, as an object or by name with options, as in "AUC" or
            "F1Score(average='macro')"; None for accuracy, or the mean squared error where targets are numbers. It may
            be another one later: what each network answered is kept.
        best_epoch: True to score each run after the epoch with the best validation accuracy or error, False after the
            last epoch.
        paired: True to give every activation the initializer that `keras_acts.paired` finds for it, False for
            Keras' default.
        worth: the smallest difference worth having, in units of the metric: points for accuracies. With it each
            activation is better, worse, equivalent to the baseline or undecided.
        budget: seconds after which no run is started any more; None for no limit.
        time_limit: seconds that a single run may take, with the start of its worker and compiling, for networks that
            hang; not with engine="here".
        workers: processes; None for one on each core.
        engine: "processes" on this machine, "ray" for a Ray cluster, or "here" for this process, one run at a time.
        output: the folder of the comparison; None for one below `runs` that belongs to these settings.

    Raises:
        ValueError: for an unknown or repeated name, a number out of range, or a data file that does not fit.
        OSError: for a data file that cannot be read.
        TypeError: for an unknown parameter of an activation.

    Example:
        >>> plan = Plan(activations=("relu", "gelu"), seeds=2)
        >>> len(plan.runs())  # so far: 5 rates, 3 seeds for each to choose it
        30
    """

    activations: tuple[str, ...] = field(default=USUAL, metadata={"check": _several})
    baseline: str = "relu"
    data: str | Callable[..., Any] = field(default="digits", metadata={"check": _name_or_function})
    model: str | Callable[..., Any] = field(default="mlp", metadata={"check": _name_or_function})
    fit: str | Callable[..., Any] | None = field(default=None, metadata={"check": _name_or_function})
    seeds: int = field(default=10, metadata={"check": _count})
    epochs: int = field(default=20, metadata={"check": _count})
    batch_size: int = field(default=128, metadata={"check": _count})
    learning_rates: tuple[float, ...] = field(default=tuning.GRID, metadata={"check": _rates})
    optimizer: str = field(default="adam", metadata={"check": _optimizer})
    metric: Any = field(default=None, metadata={"check": _metric})
    best_epoch: bool = field(default=False, metadata={"check": _flag})
    paired: bool = field(default=True, metadata={"check": _flag})
    worth: float | None = field(default=None, metadata={"check": _positive})
    budget: float | None = field(default=None, metadata={"check": _positive})
    time_limit: float = field(default=3600.0, metadata={"check": _positive})
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
        for name in (self.data, self.model, self.fit or ""):
            user_functions.check_shared(str(name), self.engine)
        self._check_activations()
        if self.fit is not None:
            self._check_fit()
            return
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

    def _check_fit(self) -> None:
        user_functions.resolve(str(self.fit))
        for each in fields(self):
            if each.name in OWN_LOOP_HAS and getattr(self, each.name) != each.default:
                raise ValueError(
                    f"`fit` is a loop of your own, which has its own {each.name}: leave `{each.name}` out. "
                    f"Received: {each.name}={getattr(self, each.name)!r}"
                )

    def check_metric(self) -> None:
        """Raise ValueError for a metric that does not fit the data: before any run, and not after all of them."""
        if self.metric is None or self.fit is not None:
            return
        split = data_sets.load(str(self.data), 0)
        shape = (len(split.test.y), split.outputs)
        answers = np.full(shape, 1.0 / split.outputs) + 1e-3 * np.arange(shape[1])
        try:
            metrics.score(metrics.find(self.metric), split.test.y, answers.astype("float32"), split.classes)
        except Exception as error:
            kind = "numbers" if split.classes is None else f"{split.classes} classes"
            raise ValueError(f"`metric` must fit the data, {kind}. Received: {self.metric!r} ({error})") from error

    def runs(self, finished: Iterable[Record] = ()) -> list[Run]:
        """The trainings that are known to be needed: those that choose learning rates, then seed by seed.

        Args:
            finished: what is known already. Of several learning rates one is chosen, and runs at it follow, once all
                that were tried for an activation are among these.

        Example:
            >>> plan = Plan(activations=("relu", "gelu"), learning_rates=(1e-3,), seeds=1)
            >>> [run.activation for run in plan.runs()]
            ['relu', 'gelu']
        """
        finished = list(finished)
        found = [run for activation in self.activations for run in self.runs_of(activation, finished)]
        return sorted(found, key=order)

    def runs_of(self, activation: str, finished: Iterable[Record] = ()) -> list[Run]:
        """Those of `runs` that train one activation."""
        rates, tried = list(self.learning_rates), []
        known = {record.run: record for record in finished if record.run.activation == activation}
        while len(self.learning_rates) > 1:
            tried = [self._run(activation, rate, seed, True) for seed in tuning.SEEDS for rate in rates]
            if any(run not in known for run in tried):
                return tried
            records = [scored(known[run], self.metric) for run in tried]
            scores, higher = tuning.trials(records), records[0].higher_is_better
            further = tuning.next_rate(scores, self.learning_rates, higher)
            if further is None:
                rates = [tuning.best(scores, higher)]
                break
            rates.append(further)
        return tried + [self._run(activation, rates[0], seed) for seed in range(self.seeds)]

    def _run(self, activation: str, rate: float, seed: int, to_tune: bool = False) -> Run:
        of_plan = self.settings
        settings = tuple((name, of_plan[name]) for name in ("fit", "optimizer", "best_epoch", "file") if of_plan[name])
        shared = {name: of_plan[name] for name in ("data", "model", "epochs", "batch_size", "paired")}
        shared |= {"activation": activation, "definition": self._definitions[activation], "settings": settings}
        return Run(**shared, learning_rate=rate, seed=seed, tuning=to_tune)

    @property
    def expected_runs(self) -> int:
        """How many trainings there are if no grid is extended."""
        trials = len(self.learning_rates) * len(tuning.SEEDS) if len(self.learning_rates) > 1 else 0
        return len(self.activations) * (trials + self.seeds)

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """What the runs of one comparison share: seeds, activations and learning rates may be added later."""
        if self.fit is not None:
            own = dict.fromkeys(OWN_LOOP_HAS) | {"data": "", "model": str(self.fit), "epochs": 0, "batch_size": 0}
            code = hashlib.sha256(user_functions.code_of(user_functions.resolve(str(self.fit)))).hexdigest()[:16]
            return own | {"fit": True, "paired": self.paired, "file": code}
        plain = {"data": str(self.data), "model": str(self.model), "epochs": self.epochs, "batch_size": self.batch_size}
        optimizer = self.optimizer if self.optimizer != "adam" else None
        others = {"optimizer": optimizer, "best_epoch": self.best_epoch, "paired": self.paired}
        return plain | others | {"fit": None, "file": self._digest}

    @functools.cached_property
    def _definitions(self) -> dict[str, str]:
        return {activation: networks.definition_of(activation) for activation in self.activations}

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
        """Where the comparison is kept: the same settings are the same folder, so that starting again continues.

        Other activations, baselines, seeds or rates are the same folder too: what is there is not trained again.
        """
        if self.output is not None:
            return Path(self.output)
        key = hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()[:8]
        return Path("runs") / f"{self.words}-{key}"

    @property
    def words(self) -> str:
        """Data and network as part of a file name."""
        return "-".join(_word(str(name)) for name in ((self.data, self.model) if self.fit is None else (self.fit,)))


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
