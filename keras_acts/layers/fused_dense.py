"""Dense layers whose outputs feed an activation that needs several of them for each unit, in one matrix product.

Unlike in the layers of activations alone, the matrix product is computed in the layer's own precision, as by
`keras.layers.Dense`, and is quantized like it.
"""

import math
from typing import Any

import keras

from keras_acts.core import derivatives
from keras_acts.layers import arguments, registry
from keras_acts.layers.base import ActivationLayer, Initializer, Shape, Tensor
from keras_acts.layers.gated_units import GLU
from keras_acts.layers.maxout import Maxout
from keras_acts.layers.registry import layer

QUANTIZED = "dense_dtype"


class FusedDense(keras.Layer):
    """Base class: `self.dense` projects the input, `self.unit` makes fewer channels of it."""

    def __init__(
        self,
        width: int,
        unit: ActivationLayer,
        use_bias: bool,
        kernel_initializer: Initializer,
        bias_initializer: Initializer,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.unit = unit
        self.dense = keras.layers.Dense(
            width,
            use_bias=use_bias,
            kernel_initializer=arguments.initializer(kernel_initializer),
            bias_initializer=arguments.initializer(bias_initializer),
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            dtype=self.dtype_policy,
            name="dense",
        )

    def build(self, input_shape: Shape) -> None:
        """Create kernel and bias."""
        name = type(self).__name__
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(f"{name} needs a known number of input channels. Received: input_shape={input_shape}")
        self.dense.build(input_shape)
        self.unit.build(self.dense.compute_output_shape(input_shape))

    def call(self, inputs: Tensor) -> Tensor:
        """The activation of the projection."""
        derivatives.floating_dtype(inputs, f"The input of {type(self).__name__}")
        return self.unit(self.dense(inputs))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the input, with `units` channels."""
        return tuple(self.unit.compute_output_shape(self.dense.compute_output_shape(input_shape)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that all such layers have."""
        dense = self.dense
        # After `quantize`, the precision of the projection is no longer that of the layer.
        quantized = {} if dense.dtype_policy == self.dtype_policy else {QUANTIZED: dense.get_config()["dtype"]}
        return {
            **super().get_config(),
            **quantized,
            "use_bias": dense.use_bias,
            "kernel_initializer": keras.initializers.serialize(dense.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(dense.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(dense.kernel_regularizer),
            "bias_regularizer": keras.regularizers.serialize(dense.bias_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FusedDense":
        """The layer that `get_config` describes."""
        new = super().from_config({name: value for name, value in config.items() if name != QUANTIZED})
        if QUANTIZED in config:
            new.dense.dtype_policy = keras.dtype_policies.get(config[QUANTIZED])
        return new


@layer(
    formula=r"\max_{i=1}^k (x^T W_{ij} + b_{ij})",
    paper="arXiv:1302.4389",
    aliases={"keras1": "MaxoutDense(pieces=4)"},
)
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
        bias_initializer: a number, name or initializer.
        kernel_regularizer: None, a name or a regularizer.
        bias_regularizer: None, a name or a regularizer.

    Input shape:
        (batch, ..., channels).

    Output shape:
        (batch, ..., units).

    Example:
        >>> layer = keras_acts.layers.MaxoutDense(1)
        >>> layer.build((None, 1))
        >>> layer.dense.kernel.assign([[1.0, -1.0]])  # doctest: +ELLIPSIS
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
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        self.units = arguments.positive_integer("units", units, "MaxoutDense")
        self.pieces = arguments.positive_integer("pieces", pieces, "MaxoutDense")
        super().__init__(
            self.units * self.pieces,
            Maxout(self.pieces, "strided", dtype=kwargs.get("dtype"), name="unit"),
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {**super().get_config(), "units": self.units, "pieces": self.pieces}


@layer(
    formula=r"\mathrm{silu}(x W) \, (x V)",
    paper="arXiv:2002.05202",
    aliases={"x_transformers": """GLU(unit="GLU(activation='silu')", use_bias=True)"""},
)
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
        bias_initializer: a number, name or initializer.
        kernel_regularizer: None, a name or a regularizer.
        bias_regularizer: None, a name or a regularizer.

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
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        self.units = arguments.positive_integer("units", units, "GatedDense")
        self.two_thirds = bool(two_thirds)
        self.multiple_of = arguments.positive_integer("multiple_of", multiple_of, "GatedDense")
        width = self.units
        if self.two_thirds:
            width = self.multiple_of * math.ceil(2 * self.units // 3 / self.multiple_of)
        super().__init__(
            2 * width,
            _gated_unit(unit, kwargs.get("dtype")),
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        unit = keras.saving.serialize_keras_object(self.unit)
        unit.pop("build_config", None)  # the shape belongs to this layer's input, not to the arguments
        return {
            **super().get_config(),
            "units": self.units,
            "unit": unit,
            "two_thirds": self.two_thirds,
            "multiple_of": self.multiple_of,
        }


def _gated_unit(unit: Any, dtype: Any) -> GLU:
    given = registry.get(unit, dtype=dtype) if isinstance(unit, str) else registry.get(unit)
    if not isinstance(given, GLU) or given.axis != -1:
        raise ValueError(
            "`unit` of GatedDense must be a gated linear unit over the last axis, such as 'SwiGLU' or "
            f"'GLU(activation=\"tanh\")'. Received: unit={unit!r}"
        )
    return given
