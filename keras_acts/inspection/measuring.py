"""What the activations of a model do with one batch: moments, dead and saturated units, gradients."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts.analysis import gradients
from keras_acts.core import places
from keras_acts.core.places import Place

__all__ = ["FLAT", "STATISTICS", "Probe", "flat_shares"]

Tensor = Any

FLAT = 1e-2  # a derivative below this passes almost no gradient: tanh beyond 3, sigmoid beyond 4.6
_MOSTLY = 0.9  # of the samples
STATISTICS = ("mean", "variance", "dead", "saturated", "gradient_norm")


class Probe:
    """Measures activations of a model over one batch, in inference. No state of the model is another afterwards.

    On TensorFlow a look is one compiled function, which sees the weights as they are at the time.

    Args:
        model: a built model.
        where: which activations.
        x: a batch as the model takes it.
        y: its targets, for gradients of the loss that the model is compiled with; None to do without.
        eps: the derivative below which a value passes no gradient.

    Raises:
        ValueError: if the model is not built, or calls none of the activations.
    """

    def __init__(self, model: keras.Model, where: Sequence[Place], x: Any, y: Any = None, eps: float = FLAT) -> None:
        self._model, self._y, self._eps = model, y, eps
        self._x = keras.tree.map_structure(ops.convert_to_tensor, x)
        calls = places.recorded(model, self._x, where)
        if not calls:
            received = ", ".join(map(str, where)) or "a model without activations that can be seen"
            raise ValueError(f"The model must have activations and call one of them. Received: {received}")
        self.places = list(calls)
        self._acts_alone = [_acts_alone(place, calls[place][0][0]) for place in calls]
        self._inputs = [[(z.shape, z.dtype) for z, _ in pairs] for pairs in calls.values()]  # of each call
        # Small gradients vanish in float16 otherwise.
        is_half = "float16" in {keras.backend.standardize_dtype(z.dtype) for (z, _), *_ in calls.values()}
        self._scale = 1024.0 if is_half else 1.0
        self._compiled: Callable[[], Any] = self._look
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            self._compiled = tf.function(self._look, autograph=False)

    def look(self) -> dict[Place, dict[str, float]]:
        """For each place, in the order of their calls:

        "mean" and "variance" of what the activation gives; "dead" and "saturated", shares of the units that pass no
        gradient for all, or for 9 of 10, of the samples and positions; "gradient_norm" of the loss by what goes into
        it; and the mean of each weight of an activation layer, by its name. What does not apply is left out: dead units
        of softmax, which couples its inputs, and gradients without targets.
        """
        rows = np.asarray(ops.convert_to_numpy(self._compiled()), "float64")
        found: dict[Place, dict[str, float]] = {}
        for place, row in zip(self.places, rows, strict=True):
            measured = {name: float(value) for name, value in zip(STATISTICS, row, strict=True)}
            for name in [] if self._acts_alone[len(found)] else ["dead", "saturated"]:
                del measured[name]
            if self._y is None:
                del measured["gradient_norm"]
            weights = getattr(place.activation, "weights", ())
            means = {weight.name: float(ops.convert_to_numpy(ops.mean(weight))) for weight in weights}
            found[place] = {**measured, **means}
        return found

    def _look(self) -> Tensor:
        nothing = [[ops.zeros(*each) for each in of_place] for of_place in self._inputs]
        by_inputs, calls = (
            gradients.by_each(self._loss, nothing) if self._y is not None else (nothing, self._loss(nothing)[1])
        )
        return ops.stack(
            [self._row(index, *each) for index, each in enumerate(zip(self.places, calls, by_inputs, strict=True))]
        )

    def _loss(self, shifts: list[list[Tensor]]) -> tuple[Tensor, list[list[tuple[Tensor, Tensor]]]]:
        """The loss with each input of an activation shifted, and inputs and outputs of each of its calls."""
        calls: list[list[tuple[Tensor, Tensor]]] = [[] for _ in self.places]
        of_place = dict(zip(self.places, zip(shifts, calls, strict=True), strict=True))

        def shifted(place: Place, activation: Callable[..., Tensor], z: Tensor) -> Tensor:
            own_shifts, own_calls = of_place[place]
            z = z + own_shifts[len(own_calls)]
            own_calls.append((z, activation(z)))
            return own_calls[-1][1]

        with keras.StatelessScope(), places.intercepted(self._model, self.places, shifted):
            outputs = self._model(self._x, training=False)
            if self._y is None:
                return 0.0, calls
            loss = self._model.compute_loss(x=self._x, y=self._y, y_pred=outputs, training=False)
        return loss * self._scale, calls

    def _row(self, index: int, place: Place, calls: list[Any], by_inputs: list[Tensor]) -> Tensor:
        y = ops.concatenate([ops.reshape(ops.cast(y, "float32"), (-1,)) for _, y in calls])
        squares = [ops.sum(ops.square(ops.cast(each, "float32") / self._scale)) for each in by_inputs]
        dead = saturated = ops.zeros(())
        if self._acts_alone[index]:
            slopes = [_slope(place, z) for z, _ in calls]
            dead, saturated = flat_shares(slopes, self._eps, _axis_of_units(place, slopes[0]))
        return ops.stack([ops.mean(y), ops.var(y), dead, saturated, ops.sqrt(sum(squares[1:], squares[0]))])


def flat_shares(slopes: Sequence[Tensor], eps: float = FLAT, axis: int = -1) -> tuple[Tensor, Tensor]:
    """Shares of the units, along an axis, whose derivative is near 0 for all samples, and for nearly all.

    Args:
        slopes: the derivative, at the inputs of one activation in each of its calls.
        eps: near 0 is less than this.
        axis: of the units.
    """
    flat = [ops.moveaxis(ops.cast(ops.abs(slope) < eps, "float32"), axis, -1) for slope in slopes]
    of_units = ops.mean(ops.concatenate([ops.reshape(each, (-1, each.shape[-1])) for each in flat]), axis=0)
    return ops.mean(ops.cast(of_units >= 1.0, "float32")), ops.mean(ops.cast(of_units >= _MOSTLY, "float32"))


def _applied(place: Place, z: Tensor) -> Tensor:
    return place.activation(z, training=False) if place.is_layer else place.activation(z)


def _slope(place: Place, z: Tensor) -> Tensor:
    return gradients.derivatives(lambda z: _applied(place, z), z)[1]


def _axis_of_units(place: Place, z: Tensor) -> int:
    where = getattr(place.layer, "data_format", None) or keras.config.image_data_format()
    return 1 if where == "channels_first" and len(z.shape) > 2 else -1


def _acts_alone(place: Place, z: Tensor) -> bool:
    """Whether each number depends on one input alone, whatever becomes of those beside it."""
    kept = np.indices(z.shape).sum(axis=0) % 2 == 0
    others = ops.where(kept, z, z + ops.ones_like(z))
    try:
        with keras.StatelessScope():
            one, other = (ops.convert_to_numpy(ops.cast(_applied(place, each), "float32")) for each in (z, others))
    except Exception:  # what takes more than one tensor
        return False
    return one.shape == kept.shape and np.allclose(one[kept], other[kept], rtol=1e-3, equal_nan=True)
