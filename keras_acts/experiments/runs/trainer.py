"""One network, trained again and again: built and compiled once, then one compiled call for each epoch."""

import math
import random
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_acts.core import keras_bridge
from keras_acts.experiments.runs import plane, scoring
from keras_acts.experiments.runs.probes import Probe
from keras_acts.experiments.runs.records import HISTORY, Record, Run, SplitRecord
from keras_acts.experiments.runs.versions import versions
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
        ValueError: if the network does not fit the data, or is one that cannot be trained here.
    """

    def __init__(self, run: Run, split: Split) -> None:
        shape = split.train.x.shape[1:]
        self._build = networks.builder(run.model, run.activation, shape, split.outputs, pairing=run.paired)
        self._classes = split.classes
        self._batch_size = min(run.batch_size, len(split.train.x))
        self._sample = split.train.x[:1]
        self._model, activations = self._build()
        networks.check_trainable(self._model)
        outputs = np.asarray(keras.ops.cast(self._model(split.train.x[:PROBED]), "float32"))
        received, wanted = (None, *outputs.shape[1:]), (None, split.outputs)
        self._one_unit = received == (None, 1) and split.classes == 2
        if received != wanted and not self._one_unit:
            raise ValueError(f"The network must have outputs of shape {wanted} for these data. Received: {received}")
        self._probabilities = split.classes is not None and _are_probabilities(outputs)
        if networks.is_own(run.model):
            self._check_seeds(run.model)
        settings = dict(run.settings)
        self._best_epoch = bool(settings.get("best_epoch"))
        self._optimizer = optimizers.find(str(settings.get("optimizer", "adam")))(run.learning_rate)
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
        """One run from its first weights to its score.

        The test data are used once, after the last epoch or with the weights of the best one; not in a tuning run,
        whose score is that of the validation data.

        Args:
            run: the settings; the seed gives the first weights, the dropout and the order of batches.
            split: its data.
        """
        self._restart(run)
        train, validation = _tensors(split.train), _tensors(split.validation)
        probed = tuple(tensor[:PROBED] for tensor in train)
        looks = [] if run.tuning else [self._probe.look(*probed)]
        better = min if self._classes is None else max
        best: list[np.ndarray] = []
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
            if self._best_epoch and epochs[-1][-1] == better(epoch[-1] for epoch in epochs):
                best = [variable.numpy() for variable in self._model.variables]
        for variable, value in zip(self._model.variables, best, strict=bool(best)):
            variable.assign(value)
        part = split.validation if run.tuning else split.test
        loss, score = self._evaluate(*_tensors(part)).numpy().tolist()
        looks += [] if run.tuning else [self._probe.look(*probed)]
        history = dict(zip(HISTORY, zip(*epochs, strict=True), strict=True))
        return Record(
            run=run,
            split=_record_of(split),
            history=history,
            metric_name="mse" if self._classes is None else "accuracy",
            higher_is_better=self._classes is not None,
            loss=loss,
            score=score,
            parameters=self._model.count_params(),
            seconds=seconds,
            step_seconds=seconds / (run.epochs * math.ceil(batches)),
            peak_memory_mb=_peak_memory(),
            diverged=not np.isfinite([*history["loss"], *history["val_loss"], loss]).all(),
            layers=self._probe.records(*looks) if looks else (),
            versions=versions(),
            decisions=None if run.tuning else self._decisions(split),
            predictions=scoring.kept(self._answers(part.x)),
        )

    def _answers(self, x: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, or values, for each row."""
        answers = []
        for start in range(0, len(x), EVALUATION_BATCH):
            outputs, are_logits = self._scores(self._model(x[start : start + EVALUATION_BATCH], training=False))
            answers.append(tf.nn.softmax(outputs) if are_logits and self._classes is not None else outputs)
        return np.concatenate(answers)

    def _decisions(self, split: Split) -> tuple[str, ...] | None:
        """The decisions of a classifier of two-dimensional data on the grid; None for other data."""
        if split.train.x.shape[1:] != (2,) or split.classes is None or split.classes > len(plane.CHARACTERS):
            return None
        return plane.encode(plane.decide(self._answers, split.points))

    def _fresh(self, seed: int) -> keras.Model:
        """A new network as it starts from a seed."""
        # `keras.utils.set_random_seed` would seed TensorFlow's own generators too, and TensorFlow would then drop what
        # it has compiled. Keras takes all its seeds from these two.
        random.seed(seed)
        np.random.seed(seed)
        fresh = self._build().model
        if not fresh.built:  # a subclassed one, before its first call
            fresh(self._sample)
        return fresh

    def _check_seeds(self, name: str) -> None:
        first, second = ([variable.numpy() for variable in self._fresh(seed).trainable_variables] for seed in (0, 1))
        if all(map(np.array_equal, first, second)) and any(np.ptp(values) > 0.0 for values in first if values.size):
            raise ValueError(
                "A function that builds networks must leave seeds alone: with a seed fixed inside, each seed of a "
                f"comparison would start from the same weights. Received: {name!r}"
            )

    def _restart(self, run: Run) -> None:
        for variable, first in zip(self._model.variables, self._fresh(run.seed).variables, strict=True):
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
            outputs, _ = self._scores(outputs)
            errors = tf.reduce_mean(tf.square(y - outputs), axis=-1)
            return errors, errors
        outputs, are_logits = self._scores(outputs)
        losses = keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=are_logits)
        right = tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), y)
        return losses, tf.cast(right, losses.dtype)

    def _scores(self, outputs: Any) -> tuple[Any, bool]:
        """What the network gives for each class, or its values, in float32, and whether they are logits."""
        are_logits = not self._probabilities
        if self._one_unit:
            kept = keras_bridge.kept_logits(outputs)
            if kept is not None:
                outputs, are_logits = kept, True
            outputs = tf.concat([tf.zeros_like(outputs) if are_logits else 1.0 - outputs, outputs], axis=-1)
        # A cast would lose the logits that a softmax keeps.
        return (outputs if outputs.dtype == tf.float32 else tf.cast(outputs, tf.float32)), are_logits


def _record_of(split: Split) -> SplitRecord:
    y = split.test.y
    majority = None if split.classes is None else float(np.bincount(y).max() / len(y))
    return SplitRecord(len(split.train.x), len(y), split.by_seed, split.classes, majority)


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


def _are_probabilities(outputs: np.ndarray) -> bool:
    """Whether these are shares of 1, whatever layer makes them; of one output whether all lie in [0, 1]."""
    if outputs.min() < 0.0 or outputs.max() > 1.0 or not outputs.any():
        return False
    return outputs.shape[-1] == 1 or bool(np.abs(outputs.sum(axis=-1) - 1.0).max() < 0.02)


def _peak_memory() -> float | None:
    """Megabytes on the GPU; None on CPUs, where TensorFlow does not count."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20
    tf.config.experimental.reset_memory_stats("GPU:0")
    return float(peak)
