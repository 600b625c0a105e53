"""Dense layers whose outputs feed an activation that needs several of them for each unit, in one matrix product.

Unlike in the layers of activations alone, the matrix product is computed in the layer's own precision, as by
`keras.layers.Dense`, and is quantized like it.
"""

import math
from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import derivatives, params
from keras_acts.layers import arguments, as_activation_argument, layer_registry
from keras_acts.layers.base import ActivationLayer, Initializer, Shape, Tensor
from keras_acts.layers.glu import GLU
from keras_acts.layers.layer_registry import layer
from keras_acts.layers.maxout import Maxout

__all__ = ["GatedDense", "MaxoutDense"]


class _Quantizer(keras.Layer):
    """`model.quantize` asks only layers that hold no others: this one, inside of a layer, hands on the question."""

    def __init__(self, host: keras.Layer) -> None:
        super().__init__(name=host.name)  # as filters of `quantize` look at names
        self.quantize = host.quantize
        self.built = True


class FusedDense(as_activation_argument.Guarded, keras.layers.Dense):
    """Base class: a Dense layer of `width` outputs, of which the activation `unit` makes fewer.

    Args:
        width: int, number of columns of the kernel.
        unit: the layer that follows the matrix product.
        **kwargs: other arguments of `keras.layers.Dense`; initializers may be numbers.
    """

    _changes_shape = True

    def __init__(self, width: int, unit: ActivationLayer, **kwargs: Any) -> None:
        if "activation" in kwargs:
            raise TypeError(
                f"{type(self).__name__} has no argument `activation`: what follows the product is its unit, "
                f"{type(unit).__name__}. Received: activation={kwargs['activation']!r}"
            )
        for name in kwargs.keys() & {"kernel_initializer", "bias_initializer"}:
            kwargs[name] = arguments.initializer(kwargs[name])
        kwargs["use_bias"] = params.flag("use_bias", kwargs.get("use_bias", True), type(self).__name__)
        super().__init__(width, **kwargs)
        as_activation_argument.hold(self, unit)
        policy = self.dtype_policy  # after `quantize` it says how the product is taken besides
        same = policy.compute_dtype == policy.variable_dtype
        unit.dtype_policy = policy.compute_dtype if same else f"mixed_{policy.compute_dtype}"
        self.unit = unit
        self._quantizer = _Quantizer(self)

    @override
    def build(self, input_shape: Shape) -> None:
        name = type(self).__name__
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"{name} needs a known number of input channels. Received: input_shape={input_shape}")
        arguments.check_channels(self, input_shape, len(input_shape) - 1)
        super().build(input_shape)
        self.unit.build(super().compute_output_shape(input_shape))

    @override
    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        derivatives.floating_dtype(inputs, f"The input of {type(self).__name__}")
        return self.unit(super().call(inputs))

    @override
    def quantized_call(self, inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        derivatives.floating_dtype(inputs, f"The input of {type(self).__name__}")
        return self.unit(super().quantized_call(inputs, *args, **kwargs))

    @override
    def quantize(self, mode: Any = None, type_check: bool = True, **kwargs: Any) -> None:
        """As that of `keras.layers.Dense`, which by itself refuses its subclasses."""
        super().quantize(mode, type_check=False, **kwargs)

    @override
    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(self.unit.compute_output_shape(super().compute_output_shape(input_shape)))

    @override
    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activation"]
        return config


@layer(formula=r"\max_{i=1}^k (x^T W_{ij} + b_{ij})")
class MaxoutDense(FusedDense):
    """Dense layer with k kernels, of which the largest output counts for each unit.

    f(x)_j = max of z_ij over i = 1 .. k, z_ij = x^T W_ij + b_ij

    Each unit is a convex function of the input, piecewise linear with k pieces. W_ij is column i units + j of the
    kernel, and b_ij entry i units + j of the bias. With k = 2, LeCun's weights keep the second moment of the signal.

    Args:
        units: int >= 1, number of outputs.
        pieces: int >= 1, number k of linear pieces of each unit.
        use_bias: True for biases.
        kernel_initializer: a number, name or initializer, for the kernels side by side, as one matrix.
        **kwargs: other arguments of `keras.layers.Dense`, such as bias_initializer, kernel_regularizer or lora_rank.

    Input shape:
        (batch, ..., channels).

    Output shape:
        (batch, ..., units).

    Example:
        >>> layer = keras_acts.layers.MaxoutDense(1)
        >>> layer.build((None, 1))
        >>> layer.kernel.assign([[1.0, -1.0]])  # doctest: +ELLIPSIS
        <...>
        >>> np.asarray(layer(np.array([[-3.0], [2.0]]))).ravel().tolist()
        [3.0, 2.0]

    Reference:
        arXiv:1302.4389, Maxout Networks.
    """

    def __init__(
        self,
        units: int,
        pieces: int = 2,
        use_bias: bool = True,
        kernel_initializer: Initializer = "lecun_normal",
        **kwargs: Any,
    ) -> None:
        outputs = params.integer("units", units, "MaxoutDense", low=1)
        pieces = params.integer("pieces", pieces, "MaxoutDense", low=1)
        super().__init__(
            outputs * pieces, Maxout(pieces), use_bias=use_bias, kernel_initializer=kernel_initializer, **kwargs
        )
        self.pieces = pieces

    @override
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units // self.pieces, "pieces": self.pieces}


def _of_x_transformers(dim_in: int, dim_out: int, activation: Any) -> dict[str, Any]:
    return {"units": dim_out, "unit": GLU(activation), "use_bias": True, "channels": dim_in}


@layer(formula=r"\mathrm{silu}(x W) \, (x V)", aliases={"x_transformers": {"GLU": _of_x_transformers}})
class GatedDense(FusedDense):
    """The first half of a gated feed-forward block: two projections in one matrix product, one gating the other.

    f(x) = silu(x W) (x V), or with another gated unit

    A block is `GatedDense(4 * width, two_thirds=True)` and `keras.layers.Dense(width, use_bias=False)`. W is the first
    `units` columns of the kernel, V the others, as in packed files of LLaMA; a unit with gate_first=False or
    interleaved=True takes them as it says.

    Args:
        units: int >= 1, number of outputs.
        unit: name, spec string or layer: the gated unit, such as "SwiGLU" or "GEGLU(approximate=True)".
        two_thirds: True for 2/3 of `units` outputs, so that the block has as many weights as one with two matrices.
        multiple_of: int >= 1, to which the number of outputs is rounded up under two_thirds. LLaMA takes 256.
        use_bias: True for biases.
        kernel_initializer: a number, name or initializer, for both kernels side by side, as one matrix.
        **kwargs: other arguments of `keras.layers.Dense`, such as bias_initializer, kernel_regularizer or lora_rank.

    Input shape:
        (batch, ..., channels).

    Output shape:
        (batch, ..., units), or 2/3 of it.

    Example:
        >>> keras_acts.layers.GatedDense(4 * 96, two_thirds=True).compute_output_shape((None, 10, 96))
        (None, 10, 256)

    Reference:
        arXiv:2002.05202, GLU Variants Improve Transformer.
    """

    def __init__(
        self,
        units: int,
        unit: Any = "SwiGLU",
        two_thirds: bool = False,
        multiple_of: int = 1,
        use_bias: bool = False,
        kernel_initializer: Initializer = "lecun_normal",
        **kwargs: Any,
    ) -> None:
        outputs = asked = params.integer("units", units, "GatedDense", low=1)
        multiple_of = params.integer("multiple_of", multiple_of, "GatedDense", low=1)
        if params.flag("two_thirds", two_thirds, "GatedDense"):
            outputs = multiple_of * math.ceil(2 * asked // 3 / multiple_of)
        gated = layer_registry.get(unit)
        if not isinstance(gated, GLU) or gated.axis != -1:
            expected = "a gated linear unit over the last axis, such as 'SwiGLU' or 'GLU(activation=\"tanh\")'"
            raise ValueError(params.illegal("unit", unit, "GatedDense", expected))
        super().__init__(2 * outputs, gated, use_bias=use_bias, kernel_initializer=kernel_initializer, **kwargs)
        self.asked_units = asked
        self.two_thirds = bool(two_thirds)
        self.multiple_of = multiple_of

    @override
    def get_config(self) -> dict[str, Any]:
        unit = keras.saving.serialize_keras_object(self.unit)
        unit.pop("build_config", None)  # the shape belongs to this layer's input, not to the arguments
        own = {"units": self.asked_units, "unit": unit, "two_thirds": self.two_thirds, "multiple_of": self.multiple_of}
        return {**super().get_config(), **own}
