"""One network, trained again and again: built and compiled once, then one compiled call for each epoch."""

import math
import platform
import random
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_acts._version import __version__
from keras_acts.core import keras_bridge
from keras_acts.experiments.runs import plane
from keras_acts.experiments.runs.probes import Probe
from keras_acts.experiments.runs.records import HISTORY, Record, Run, SplitRecord
from keras_acts.experiments.task import networks, optimizers
from keras_acts.experiments.task.data import Part, Split

EVALUATION_BATCH = 1000
PROBED = 256  # samples of the batch on which gradients and dead units are measured


class Trainer:
    """Trains one network with one activation, for any seed and learning rate.

    For each run the variables get the values that a new network after `keras.utils.set_random_seed(seed)` would start
    from; what is compiled stays. A user's own random layers must draw from `keras.random.SeedGenerator`, as those of
    Keras do, to start anew too. Networks of dense layers go through XLA; those with convolutions do not, as
    XLA's convolutions on CPUs are several times slower than TensorFlow's own.

    Args:
        run: the settings; `seed`, `learning_rate` and `epochs` may differ from run to run, the others may not.
        split: data of the size and kind that will come.

    Raises:
        ValueError: if the network does not fit the data.
    """

    def __init__(self, run: Run, split: Split) -> None:
        shape = split.train.x.shape[1:]
        self._build = networks.builder(run.model, run.activation, shape, split.outputs, pairing=run.paired)
        self._classes = split.classes
        self._batch_size = min(run.batch_size, len(split.train.x))
        self._model, activations = self._build()
        received, wanted = tuple(self._model.output_shape), (None, split.outputs)
        if received != wanted:
            raise ValueError(f"The network must have outputs of shape {wanted} for these data. Received: {received}")
        self._optimizer = optimizers.find(str(dict(run.settings).get("optimizer", "adam")))(run.learning_rate)
        self._optimizer.build(self._model.trainable_variables)
        self._fresh_optimizer = [variable.numpy() for variable in self._optimizer.variables]
        compiled = _xla_is_faster(self._model)
        # Filling up the last batch with samples of weight 0 saves a second compilation, but would change the statistics
        # of layers such as BatchNormalization.
        self._fill_up = compiled and not self._model.non_trainable_weights
        self._epoch = tf.function(self._train_epoch, jit_compile=compiled, autograph=False)
        self._evaluate = tf.function(self._evaluate_all, autograph=False)  # not worth XLA's compilation
        self._probe = Probe(self._model, activations, lambda outputs, y: self._losses(outputs, y)[0])
        self._warm_up(split)

    def train(self, run: Run, split: Split) -> Record:
        """One run from its first weights to its test score. The test data are used once, after the last epoch.

        Args:
            run: the settings; the seed gives the first weights, the dropout and the order of batches.
            split: its data.
        """
        self._restart(run)
        train, validation = _tensors(split.train), _tensors(split.validation)
        probed = tuple(tensor[:PROBED] for tensor in train)
        before = self._probe.look(*probed)
        shuffle = np.random.default_rng(run.seed)
        epochs = []
        seconds = 0.0
        batches = len(split.train.x) / self._batch_size
        steps = math.ceil(batches) if self._fill_up else math.floor(batches)
        for _ in range(run.epochs):
            order = tf.constant(shuffle.permutation(len(split.train.x)), tf.int32)
            start = time.perf_counter()
            trained = self._epoch(*train, order, tf.constant(steps)).numpy()
            seconds += time.perf_counter() - start
            epochs.append([*trained.tolist(), *self._evaluate(*validation).numpy().tolist()])
        after = self._probe.look(*probed)
        test_loss, test_metric = self._evaluate(*_tensors(split.test)).numpy().tolist()
        history = dict(zip(HISTORY, zip(*epochs, strict=True), strict=True))
        return Record(
            run=run,
            split=_record_of(split),
            history=history,
            metric_name="mse" if self._classes is None else "accuracy",
            higher_is_better=self._classes is not None,
            test_loss=test_loss,
            test_metric=test_metric,
            parameters=self._model.count_params(),
            seconds=seconds,
            step_seconds=seconds / (run.epochs * math.ceil(batches)),
            peak_memory_mb=_peak_memory(),
            diverged=not np.isfinite([*history["loss"], *history["val_loss"], test_loss]).all(),
            layers=self._probe.records(before, after),
            versions=versions(),
            decisions=self._decisions(split),
        )

    def _decisions(self, split: Split) -> tuple[str, ...] | None:
        """The decisions of a classifier of two-dimensional data on the grid; None for other data."""
        if split.train.x.shape[1:] != (2,) or split.classes is None or split.classes > len(plane.CHARACTERS):
            return None
        return plane.encode(plane.decide(lambda points: self._model(points, training=False), split.points))

    def _restart(self, run: Run) -> None:
        # `keras.utils.set_random_seed` would seed TensorFlow's own generators too, and TensorFlow would then drop what
        # it has compiled. Keras takes all its seeds from these two.
        random.seed(run.seed)
        np.random.seed(run.seed)
        fresh = self._build().model
        for variable, first in zip(self._model.variables, fresh.variables, strict=True):
            variable.assign(first)
        for variable, value in zip(self._optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        self._optimizer.learning_rate = run.learning_rate

    def _warm_up(self, split: Split) -> None:
        """Compile now, so that the time of no run includes it."""
        train = _tensors(split.train)
        order = tf.range(len(split.train.x))
        self._epoch(*train, order, tf.constant(0))
        for part in (split.validation, split.test):
            self._evaluate(*_tensors(part))
        self._probe.look(*(tensor[:PROBED] for tensor in train))

    # ---- compiled ----------------------------------------------------------------------------------------------------

    def _train_epoch(self, x: Any, y: Any, order: Any, steps: Any) -> Any:
        """Mean loss and metric over an epoch, as `fit` reports them: of each batch before the update of the weights."""

        def step(rows: Any, weights: Any) -> Any:
            batch_x, batch_y = tf.gather(x, rows), tf.gather(y, rows)
            variables = self._model.trainable_variables
            samples = tf.reduce_sum(weights)
            with tf.GradientTape() as tape:
                losses, metrics = self._losses(self._model(batch_x, training=True), batch_y)
                loss = tf.reduce_sum(weights * losses) / samples + self._regularization()
            self._optimizer.apply(tape.gradient(loss, variables), variables)
            return tf.stack([loss * samples, tf.reduce_sum(weights * metrics)])

        return _sum_over_batches(step, order, self._batch_size, steps, self._fill_up) / order.shape[0]

    def _evaluate_all(self, x: Any, y: Any) -> Any:
        def step(rows: Any, weights: Any) -> Any:
            losses, metrics = self._losses(self._model(tf.gather(x, rows), training=False), tf.gather(y, rows))
            return tf.stack([tf.reduce_sum(losses + self._regularization()), tf.reduce_sum(metrics)])

        rows = tf.range(x.shape[0])
        batch = min(EVALUATION_BATCH, x.shape[0])
        return _sum_over_batches(step, rows, batch, tf.constant(x.shape[0] // batch)) / x.shape[0]

    def _regularization(self) -> Any:
        """What the layers add to the loss, after a call of the network."""
        return tf.add_n(self._model.losses) if self._model.losses else 0.0

    def _losses(self, outputs: Any, y: Any) -> tuple[Any, Any]:
        """Loss and metric of each sample."""
        if self._classes is None:
            errors = tf.reduce_mean(tf.square(y - outputs), axis=-1)
            return errors, errors
        logits = not _ends_in_softmax(self._model)
        losses = keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=logits)
        right = tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), y)
        return losses, tf.cast(right, losses.dtype)


def _record_of(split: Split) -> SplitRecord:
    y = split.test.y
    majority = None if split.classes is None else float(np.bincount(y).max() / len(y))
    return SplitRecord(len(split.train.x), len(y), split.by_seed, split.classes, majority)


def versions() -> dict[str, str]:
    """What can change a result: versions of the libraries and of Python."""
    libraries = {library.__name__: library.__version__ for library in (keras, tf, np)}
    return {"keras_acts": __version__, **libraries, "python": platform.python_version()}


def _sum_over_batches(
    step: Callable[[Any, Any], Any], order: Any, batch: int, steps: Any, fill_up: bool = False
) -> Any:
    """The sum of `step(rows, weights)` over the first `steps` batches, and over a smaller one that is left.

    With `fill_up` that last one has the size of the others, with rows of weight 0, and counts among the `steps`.
    """
    weights = tf.ones(order.shape[0])
    rest = order.shape[0] % batch
    if fill_up and rest:
        order, weights = (tf.pad(values, [[0, batch - rest]]) for values in (order, weights))
        rest = 0

    def body(number: Any, total: Any) -> Any:
        start = [number * batch]
        return number + 1, total + step(tf.slice(order, start, [batch]), tf.slice(weights, start, [batch]))

    _, total = tf.while_loop(lambda number, _: number < steps, body, (tf.constant(0), tf.zeros(2)))
    return total + step(order[-rest:], weights[-rest:]) if rest else total


def _tensors(part: Part) -> tuple[Any, Any]:
    return tf.constant(part.x), tf.constant(part.y)


def _xla_is_faster(model: keras.Model) -> bool:
    everything = keras_bridge.sublayers(model, recursive=True)
    convolutions = any(len(variable.shape) > 2 for variable in model.trainable_variables)
    return not convolutions and all(layer.supports_jit for layer in everything)


def _ends_in_softmax(model: keras.Model) -> bool:
    last = model.layers[-1]
    return isinstance(last, keras.layers.Softmax) or getattr(last, "activation", None) is keras.activations.softmax


def _peak_memory() -> float | None:
    """Megabytes on the GPU; None on CPUs, where TensorFlow does not count."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20
    tf.config.experimental.reset_memory_stats("GPU:0")
    return float(peak)
