"""The base class of all layers of keras_acts, and how a layer is written.

A layer without weights overrides `activate` (and `compute_output_shape` if it changes the shape):

    @layer(formula=r"[\\max(x, 0), \\max(-x, 0)]", paper="arXiv:1603.05201", aliases={"tf": "crelu"})
    class CReLU(ActivationLayer):
        '''One line, formula, when to use it, Args, Input shape, Output shape, Example, Reference.'''

        def __init__(self, axis: int = -1, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.axis = axis

        @override
        def activate(self, x: Tensor) -> Tensor: ...

A layer with learnable parameters (alpha, beta, ...) names them in its constructor and gets them as arguments:

    class PReLU(LearnableActivation):
        def __init__(self, alpha_initializer=0.25, shared_axes=None, **kwargs):
            super().__init__(shared_axes=shared_axes, **kwargs)
            self.add_learnable_parameter("alpha", alpha_initializer)

        @override
        def activate(self, x, alpha):
            return ops.where(x > 0.0, x, alpha * x)

`get_config` holds the arguments of the constructor, each read from the attribute of the same name. What `activate` sees
is float32 or float64: half precision is upcast before and rounded once after, weights included, so that gradients of
weights are summed in float32 or wider. Where autodiff is inaccurate or keeps more than x, decorate a module-level
function with `core.derivatives.with_partials`, or build on the functions of `keras_acts.activations`, which have
derivatives of their own. Layers with sublayers or randomness override `call` instead and use `self.upcast`; `build`
makes the sublayers by `self._inner`. A product that may be 0 times infinity is `at_infinity.product`. An argument
`activation`, which may be a layer, goes through `self._hold`, and, where the base class has no `build`,
`self._build_held` there. Each layer gets an example in tests/layers/examples.py, which puts it into the contract, and
its formula in tests/layers/test_values.py.
"""

from collections.abc import Callable, Iterable
from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import derivatives, keras_bridge, resolve, string_table
from keras_acts.core import operations as ops
from keras_acts.core.params import choice, constructor_arguments
from keras_acts.layers import arguments, as_activation_argument

__all__ = ["ActivationLayer", "LearnableActivation"]

Tensor = Any
Shape = tuple[int | None, ...]
Initializer = arguments.Initializer
SharedAxes = arguments.SharedAxes


class ActivationLayer(as_activation_argument.Guarded, keras.Layer):
    """Base class: keeps masks and the shape, computes half precision in float32, and can stand as `activation=`.

    Args:
        data_format: of layers with weights for each channel: "channels_last", "channels_first" (axis 1), or None for
            `keras.config.image_data_format()` when the layer is built. The config keeps it.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format and choice(
            "data_format", data_format, type(self).__name__, ("channels_last", "channels_first")
        )
        self.supports_masking = True

    def activate(self, x: Tensor, *weights: Tensor) -> Tensor:
        """The value for a float32 or float64 tensor; `weights` have its dtype."""
        raise NotImplementedError(f"{type(self).__name__} must override `activate`.")

    @override
    def call(self, inputs: Tensor) -> Tensor:
        return self.upcast(self.activate, inputs)

    def _hold(self, activation: Any) -> Any:
        """The function or layer of an argument `activation`; a layer computes in the precision that this one does."""
        return as_activation_argument.hold(self, resolve.get(activation))

    def _build_held(self, shape: Shape) -> None:
        """Build the layers that this one holds, for inputs of this shape, so that their weights count at once."""
        for inner in keras_bridge.sublayers(self):
            if not inner.built:
                inner.build(shape)

    @property
    def learnable_parameters(self) -> list[keras.Variable]:
        """The weights that bend the curve, which weight decay should leave alone."""
        return []

    def upcast(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """`function(inputs, *learnable_parameters)` in float32 or wider, rounded once to the dtype of the inputs.

        Raises:
            TypeError: if the inputs are not floats.
        """
        dtype = derivatives.floating_dtype(inputs, f"The input of {type(self).__name__}")
        wide = "float32" if dtype in derivatives.HALF_DTYPES else dtype
        # Variables times 1.0 are tensors, which rules with written derivatives need.
        values = [ops.cast(weight * 1.0, wide) for weight in self.learnable_parameters]
        x = derivatives.never_missing(ops.cast(inputs, wide))  # of maxima, masks and lines
        return ops.cast(function(x, *values), dtype)

    def _known_size(self, shape: Shape, axis: int) -> int:
        """The number of channels, along this axis.

        Raises:
            ValueError: if it is unknown.
        """
        size = shape[axis]
        if size is None:
            raise ValueError(
                f"{type(self).__name__} needs a known number of channels: the size of axis {axis}. Give it in "
                f"keras.Input. Received: input_shape={tuple(shape)}"
            )
        return size

    def _channel_axis(self, shape: Shape) -> int:
        """The axis of the channels: the last one, or 1 under `data_format="channels_first"`, which is settled now.

        Raises:
            ValueError: for three axes under "channels_first": Conv1D follows it, LSTM and Embedding do not; for another
                number of channels than another framework's name was given with.
        """
        self.data_format = self.data_format or keras.config.image_data_format()
        last = self.data_format == "channels_last"
        if len(shape) == 3 and not last:
            raise ValueError(
                f"{type(self).__name__} cannot tell where the channels are: the image_data_format is 'channels_first', "
                "which Conv1D follows and LSTM does not. Say along which axis weights are shared (shared_axes=[1], or "
                "[2] after Conv1D), or give the layer data_format='channels_last'. "
                f"Received: input_shape={tuple(shape)}"
            )
        axis = len(shape) - 1 if last else 1
        arguments.check_channels(self, shape, axis)
        return axis

    @property
    def wide_dtype(self) -> str:
        """The dtype of the arithmetic inside, for sublayers: float32 where the layer computes in half precision."""
        return "float32" if self.compute_dtype in derivatives.HALF_DTYPES else self.compute_dtype

    def _inner(self, cls: type[keras.Layer], shape: Shape, *args: Any, **kwargs: Any) -> keras.Layer:
        """A layer inside of this one, of the dtype of the arithmetic here, built for inputs of this shape."""
        inner = cls(*args, dtype=self.wide_dtype, **kwargs)
        inner.build(shape)
        return inner

    @override
    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)

    @override
    def get_config(self) -> dict[str, Any]:
        names = constructor_arguments(type(self))
        own = {name: _as_config(getattr(self, name)) for name in names if hasattr(self, name)}
        own.pop("data_format", None)
        settled = {"data_format": self.data_format} if self.data_format else {}
        return {**super().get_config(), **own, **settled}

    @override
    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Nothing to quantize: the weights of an activation stay as they are in `model.quantize`."""
        as_activation_argument.warn_host_not_quantized(self)


def _as_config(argument: Any) -> Any:
    """The value of a constructor argument as `get_config` holds it."""
    if callable(argument):  # an initializer, regularizer or constraint, too
        # As an object: a bare name of one of Keras, or of an own one, would come back as our function.
        return keras.saving.serialize_keras_object(string_table.without_override(argument))
    return list(argument) if isinstance(argument, list | tuple) else argument


_RULES = {"_regularizer": keras.regularizers.get, "_constraint": keras.constraints.get}


class LearnableActivation(ActivationLayer):
    """Base class of activations with learnable parameters: weights such as alpha that bend the curve.

    By default each parameter has one weight per channel, created in `build`: of the last axis, or of axis 1 where
    `keras.config.image_data_format()` is "channels_first". `shared_axes` is as in
    `keras.layers.PReLU`: the axes along which one weight is shared; `[]` gives one weight per element. `"all"` gives
    one weight in all, which exists from the start.

    Args:
        shared_axes: as above.
        learned: for subclasses: names of weights for whose initializer the constructor has no argument.
        **kwargs: for each weight, here alpha, `alpha_regularizer` and `alpha_constraint`, as of `keras.layers.PReLU`: a
            name, config or object, or None; and the arguments of `keras.layers.Layer`.
    """

    def __init__(self, shared_axes: SharedAxes = None, learned: Iterable[str] = (), **kwargs: Any) -> None:
        own = constructor_arguments(type(self))
        names = [*(name.removesuffix("_initializer") for name in own if name.endswith("_initializer")), *learned]
        rules = {key: kwargs.pop(key) for key in list(kwargs) if key.endswith(tuple(_RULES))}
        for key in rules.keys() - {name + rule for name in names for rule in _RULES}:
            raise TypeError(
                f"{type(self).__name__} has no argument `{key}`: with _regularizer and _constraint come the names of "
                f"its weights, {', '.join(names) or 'of which it has none'}. Received: {key}={rules[key]!r}"
            )
        super().__init__(**kwargs)
        self._rules = list(rules)
        for key, rule in rules.items():
            setattr(self, key, _RULES[f"_{key.rpartition('_')[2]}"](rule))
        self.shared_axes = arguments.shared_axes(shared_axes, type(self).__name__)
        self._parameter_shapes: dict[str, tuple[int, ...]] = {}  # by name, without the axes of the input

    def add_learnable_parameter(self, name: str, initializer: Initializer, copies: int | None = None) -> None:
        """Declare a weight with the sharing that the user asked for: `self.<name>`, an argument of `activate`.

        `self.<name>_regularizer` and `self.<name>_constraint` count where they have been set before.

        Args:
            name: of the weight.
            initializer: a number or an initializer.
            copies: number of weights of this name, stacked on a new leading axis; None for one.
        """
        self._declare(name, initializer, () if copies is None else (copies,))
        if self.shared_axes == "all":
            self._create(name, ())

    def add_fixed_parameter(self, name: str, initializer: Initializer, shape: tuple[int, ...] = ()) -> None:
        """Declare a weight whose shape does not depend on the input. It exists from the start."""
        self._declare(name, initializer, shape)
        self._create(name, ())

    def _declare(self, name: str, initializer: Initializer, shape: tuple[int, ...]) -> None:
        setattr(self, f"{name}_initializer", arguments.initializer(initializer))
        setattr(self, name, None)
        self._parameter_shapes[name] = shape
        self.built = False

    def _create(self, name: str, sizes: tuple[int, ...]) -> None:
        weight = self.add_weight(
            name=name,
            shape=(*self._parameter_shapes[name], *sizes),
            initializer=self._start_of(name),
            regularizer=getattr(self, f"{name}_regularizer", None),
            constraint=getattr(self, f"{name}_constraint", None),
            autocast=False,  # half precision would lose digits of the weight before the arithmetic begins
        )
        setattr(self, name, weight)
        # Nothing is left for `build` once all weights exist; `count_params` and `load_weights` work at once.
        exist = len(self.learnable_parameters) == len(self._parameter_shapes)
        self.built = exist and not keras_bridge.sublayers(self)

    def _start_of(self, name: str) -> Initializer:
        """The initializer of a weight; for subclasses whose weights stand for something else."""
        return getattr(self, f"{name}_initializer")

    @property
    @override
    def learnable_parameters(self) -> list[keras.Variable]:
        weights = (getattr(self, name) for name in self._parameter_shapes)
        return [weight for weight in weights if weight is not None]

    @override
    def build(self, input_shape: Shape) -> None:
        self._build_held(input_shape)
        waiting = [name for name in self._parameter_shapes if getattr(self, name) is None]
        if waiting:
            sizes = self._sizes_per_weight(input_shape)
            for name in waiting:
                self._create(name, sizes)

    @override
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **{key: _as_config(getattr(self, key)) for key in self._rules}}

    def _sizes_per_weight(self, input_shape: Shape) -> tuple[int, ...]:
        """The sizes of the axes along which each weight differs, 1 where it is shared."""
        name, rank = type(self).__name__, len(input_shape)
        if rank < 2:
            raise ValueError(
                f"{name} needs an input with a channel axis after the batch axis. Received: input_shape={input_shape}"
            )
        if self.shared_axes is None:
            channels = self._channel_axis(input_shape)
            sizes = {axis: input_shape[axis] if axis == channels else 1 for axis in range(channels, rank)}
        else:
            assert self.shared_axes != "all"  # one weight in all has no axes and exists already
            if any(axis % rank == 0 or not -rank < axis < rank for axis in self.shared_axes):
                raise ValueError(
                    f"`shared_axes` of {name} must be axes after the batch axis of an input of shape {input_shape}. "
                    f"Received: shared_axes={self.shared_axes}"
                )
            shared = {axis % rank for axis in self.shared_axes}
            sizes = {axis: 1 if axis in shared else input_shape[axis] for axis in range(1, rank)}
        unknown = [axis for axis, size in sizes.items() if size is None]
        if unknown:
            raise ValueError(
                f"{name} has one weight for each index of axis {unknown[0]}, whose size is unknown. Give the size in "
                f"keras.Input, or share the weight: shared_axes={unknown} or shared_axes='all'. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        return tuple(size for size in sizes.values() if size is not None)
