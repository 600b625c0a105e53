"""Callbacks for `model.fit`: what the activations of a model do while it is trained."""

import contextlib
import csv
import os
import warnings
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_acts import _extras
from keras_acts.core import keras_bridge, params, places
from keras_acts.core.places import Place, Where
from keras_acts.inspection.measuring import FLAT, Probe

__all__ = ["ActivationMonitor", "Measurement", "NonFinite"]


class Measurement(NamedTuple):
    """One number of one activation at one time: after so many training steps, of all epochs, in this epoch."""

    step: int
    epoch: int
    layer: str
    statistic: str
    value: float


class NonFinite(NamedTuple):
    """Where NaN or infinity was seen first, in which batch of which epoch, both counted from 1."""

    epoch: int
    batch: int
    layer: str


class ActivationMonitor(keras.callbacks.Callback):
    """Measures the activations of a model in training on a fixed batch, and tells the first NaN or infinity.

    For each activation: "mean" and "variance" of its outputs; "dead" and "saturated", the shares of its units that pass
    no gradient, |f'| < eps, for all, or for 9 of 10, of the samples and positions, of any activation and not of relu
    alone; of a surrogate gradient that derivative counts. With targets, "gradient_norm" of the loss by its inputs. The
    mean of each learned weight, such as "alpha" of PReLU. It measures before training, after each epoch and, if asked,
    every so many steps.

    `records` holds it all. The last values of each epoch are in `history.history` too, as "layer/statistic".
    `keras_acts.plots.draw_monitor(monitor.records)` shows a statistic over depth and time.

    NaN and infinity are looked for in every step: on TensorFlow in the data, the outputs of each layer with an
    activation, those of the model and the loss, elsewhere in the loss. A look costs about what training on as many
    samples does, the search a sum in each of these layers, and the train step is compiled anew.

    Args:
        x: the batch that is looked at, some hundred samples as the model takes them; or a `tf.data.Dataset` or
            `keras.utils.PyDataset` of (x, y), of which it is the first batch.
        y: targets of x, for gradients.
        where: which activations: a name or path of a layer or a regular expression for it, a class of layers, a
            function of a `Place`, or a list of such. By default all but linear ones.
        every: "epoch", or an int n for every n steps and each epoch.
        eps: float > 0, the derivative below which no gradient passes.
        csv_path: file to write a line of step, epoch, layer, statistic, value to for each number; or None.
        log_dir: folder to write scalars to for TensorBoard; or None. Needs the package tensorboard.
        histograms: as `where`: activations whose outputs TensorBoard gets as histograms, too.
        on_nonfinite: "warn" to tell the first NaN or infinity, "stop" to stop training, too; None not to look for it.

    Raises:
        ValueError: for an argument that is none of these, or a batch that is empty or not finite; in `fit`, if `where`
            fits nothing.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu", name="hidden")])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((32, 4)), np.zeros((32, 8))
        >>> monitor = ActivationMonitor(x, y)
        >>> history = model.fit(x, y, verbose=0, callbacks=[monitor])
        >>> sorted(history.history)
        ['hidden/dead', 'hidden/gradient_norm', 'hidden/mean', 'hidden/saturated', 'hidden/variance', 'loss']
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        where: Where = None,
        every: int | Literal["epoch"] = "epoch",
        eps: float = FLAT,
        csv_path: str | os.PathLike[str] | None = None,
        log_dir: str | os.PathLike[str] | None = None,
        histograms: Where = (),
        on_nonfinite: Literal["warn", "stop"] | None = "warn",
    ) -> None:
        super().__init__()
        if every != "epoch":
            if isinstance(every, str):
                raise ValueError(params.illegal("every", every, "ActivationMonitor", "'epoch' or an int >= 1"))
            params.integer("every", every, "ActivationMonitor", low=1)
        if on_nonfinite is not None:
            params.choice("on_nonfinite", on_nonfinite, "ActivationMonitor", ["warn", "stop"])
        self.records: list[Measurement] = []
        self.first_nonfinite: NonFinite | None = None
        self._x, self._y = _batch(x, y)
        self._where = where
        self._every, self._on_nonfinite = every, on_nonfinite
        self._eps = params.finite_number("eps", eps, "ActivationMonitor", low=0.0, exclusive=True)
        self._csv_path, self._log_dir, self._histograms = csv_path, log_dir, histograms
        self._step = self._epoch = 0
        self._by_epoch: dict[str, list[float]] = {}
        self._board: Any = _board(log_dir) if log_dir is not None else None

    # ---- What Keras calls --------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Look for the activations, measure for the first time, and watch the train step."""
        if not self.model.built:  # without an Input the first step would build it
            strategy = getattr(self.model, "distribute_strategy", None)
            with strategy.scope() if strategy is not None else contextlib.nullcontext():
                self.model(self._x, training=False)
        found = places.chosen(places.activations_of(self.model), self._where)
        if self._where is None:
            found = [place for place in found if _is_bent(place)] or found
        self._probe = Probe(self.model, found, self._x, self._y if self.model.compiled else None, self._eps)
        chosen = places.chosen(self._probe.places, self._histograms) if self._histograms != () else []
        self._of_histograms = chosen
        self._by_epoch = {}
        self._watch = _Watch(self.model) if self._on_nonfinite is not None else None
        self._measure()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Count."""
        self._epoch, self._steps_before = epoch + 1, self._step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look for NaN and infinity, and measure if it is time."""
        before, self._step = self._step, self._steps_before + batch + 1
        if self._watch is not None and self.first_nonfinite is None:
            layer = self._watch.first_nonfinite() or (None if _is_finite((logs or {}).get("loss", 0.0)) else "the loss")
            if layer is not None:
                self._tell(NonFinite(self._epoch, batch + 1, layer))
        if self._every != "epoch" and self._step // self._every > before // self._every:
            self._measure()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Measure."""
        for record in self._measure():
            self._by_epoch.setdefault(f"{record.layer}/{record.statistic}", []).append(record.value)

    def on_train_end(self, logs: Any = None) -> None:
        """Write the values of the epochs into the history, and leave the model as it was."""
        if self._watch is not None:
            self._watch.end()
        history = getattr(self.model, "history", None)
        if history is not None and self._by_epoch:
            history.history.update(self._by_epoch)

    # ---- What it does then -------------------------------------------------------------------------------------------

    def _tell(self, found: NonFinite) -> None:
        self.first_nonfinite = found
        stops = " Training stops." if self._on_nonfinite == "stop" else ""
        warnings.warn(
            f"The first NaN or infinity is in epoch {found.epoch}, batch {found.batch}, in {found.layer}.{stops}",
            stacklevel=2,
        )
        if stops:
            self.model.stop_training = True

    def _measure(self) -> list[Measurement]:
        if self.records and self.records[-1].step == self._step and self.records[-1].epoch == self._epoch:
            return [record for record in self.records if record.step == self._step and record.epoch == self._epoch]
        _ = self.model  # which on JAX gives the model its weights back, that training keeps elsewhere
        new = [
            Measurement(self._step, self._epoch, place.label, statistic, value)
            for place, measured in self._probe.look().items()
            for statistic, value in measured.items()
        ]
        if self._csv_path is not None:
            with open(self._csv_path, "a" if self.records else "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([*([] if self.records else [Measurement._fields]), *new])
        self.records += new
        if self._board is not None:
            self._write_board(new)
        return new

    def _write_board(self, new: list[Measurement]) -> None:
        with self._board.as_default(step=self._step):
            import tensorflow as tf

            for record in new:
                tf.summary.scalar(f"{record.layer}/{record.statistic}", record.value)
            if self._of_histograms:
                for place, calls in places.recorded(self.model, self._x, self._of_histograms).items():
                    outputs = [np.ravel(ops.convert_to_numpy(ops.cast(y, "float32"))) for _, y in calls]
                    tf.summary.histogram(f"{place.label}/outputs", np.concatenate(outputs))
        self._board.flush()


def _batch(x: Any, y: Any) -> tuple[Any, Any]:
    """The batch to look at: x and y, or the first one of a data set."""
    if isinstance(x, keras.utils.PyDataset) or hasattr(x, "element_spec"):
        batch = x[0] if isinstance(x, keras.utils.PyDataset) else next(iter(x))
        x, first_y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        y = first_y if y is None else y
    for array in keras.tree.flatten(x):
        values = np.asarray(ops.convert_to_numpy(array))
        if values.ndim == 0 or len(values) == 0 or (values.dtype.kind == "f" and not np.isfinite(values).all()):
            received = f"shape={values.shape}" + ("" if values.size == 0 else ", with NaN or infinity in it")
            raise ValueError(
                "`x` of ActivationMonitor must be a batch of finite numbers, or a tf.data.Dataset or PyDataset of "
                f"such. Received: {received if values.ndim else repr(x)}"
            )
    return x, y


def _is_bent(place: Place) -> bool:
    return place.name not in ("linear", "identity")


def _board(log_dir: Any) -> Any:
    with _extras.named():
        import tensorboard  # noqa: F401  which TensorFlow does not bring any more
        import tensorflow as tf
    return tf.summary.create_file_writer(os.fspath(log_dir))


def _is_finite(value: Any) -> bool:
    return bool(np.isfinite(ops.convert_to_numpy(value)).all())


class _Watch:
    """Sees in every train step, on TensorFlow, which layer gives NaN or infinity: a sum for each, of all its outputs.

    The layers are wrapped while the step is traced only, so that what is saved meanwhile is the model as it was.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._names: list[str] = []
        if keras.backend.backend() != "tensorflow":
            return
        import tensorflow as tf

        # Not linear layers before an activation: a sum of theirs would keep TensorFlow from making one step of both.
        last = [keras_bridge.operation_behind(output) for output in getattr(model, "outputs", None) or ()]
        bent = {id(place.layer) for place in places.activations_of(model) if _is_bent(place)}
        found = [(path, layer) for path, layer in places.layers_of(model) if id(layer) in bent or layer in last]
        # Of a recurrent layer its outputs, as nothing leaves its loop.
        loops = {path: layer for path, layer in places.layers_of(model) if isinstance(layer, keras.layers.RNN)}
        outermost = [next((loop for loop in loops if path.startswith(f"{loop}/")), path) for path, _ in found]
        by_path = {path: loops.get(path, layer) for path, (_, layer) in zip(outermost, found, strict=True)}
        self._places = [Place(path, layer, "") for path, layer in by_path.items()]
        self._names = ["the data", *(f"the outputs of '{place.path}'" for place in self._places)]
        with model.distribute_strategy.scope():
            self._sums = tf.Variable(
                tf.zeros(len(self._names)),
                trainable=False,
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.SUM,
            )
        vars(model)["train_step"] = self._watched(model.train_step)
        model.make_train_function(force=True)

    def _watched(self, train_step: Any) -> Any:
        def step(data: Any) -> Any:
            sums: dict[Place, Any] = {}

            def note(place: Place, call: Any, x: Any) -> Any:
                outputs = call(x)
                sums[place] = sums.get(place, 0.0) + _sum(outputs)
                return outputs

            with places.intercepted(self._model, self._places, note, unroll=False):
                result = train_step(data)
            x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
            each = [_sum(x), *(sums.get(place, ops.zeros(())) for place in self._places)]
            self._sums.assign_add(ops.stack(each))  # what is not finite stays so, also over several steps at once
            return result

        return step

    def first_nonfinite(self) -> str | None:
        """What has given it, the first of them; or None."""
        if not self._names:
            return None
        bad = ~np.isfinite(self._sums.read_value().numpy())
        return self._names[int(bad.argmax())] if bad.any() else None

    def end(self) -> None:
        """Give the model its own train step back."""
        if self._names:
            del vars(self._model)["train_step"]
            self._model.make_train_function(force=True)


def _sum(values: Any) -> Any:
    """The sum of the floats in a structure of tensors: NaN or infinite if one of them is."""
    floats = [each for each in keras.tree.flatten(values) if "float" in keras.backend.standardize_dtype(each.dtype)]
    return sum((ops.sum(ops.cast(each, "float32")) for each in floats), ops.zeros(()))
