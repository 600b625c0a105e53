"""Kernels scaled by the gain of any activation."""

import math
from typing import Any, Literal, get_args

import keras
from keras import ops

from keras_acts.analysis.elementwise import Activation, is_layer
from keras_acts.analysis.gain import Convention, gain
from keras_acts.core import keras_bridge, params

__all__ = ["ActivationScaling", "DepthwiseVarianceScaling", "Distribution", "KernelScaling", "check_kernel_shape"]
__all__ += ["input_axes"]

Mode = Literal["fan_in", "fan_out", "fan_avg"]
Distribution = Literal["truncated_normal", "untruncated_normal", "uniform"]


def check_kernel_shape(shape: Any, owner: str) -> tuple[int, ...]:
    """`shape` as a tuple, or an error if it has no inputs to scale by."""
    shape = tuple(shape)
    if len(shape) < 2 or 0 in shape:
        raise ValueError(
            f"{owner} must get the shape of a kernel: at least 2 axes, none of size 0, as weights are scaled by the "
            f"number of inputs. Received: shape={shape}"
        )
    return shape


# Newer versions of Keras tell an initializer which axes of the kernel of an EinsumDense are inputs.
KERAS_TELLS_AXES = hasattr(keras.initializers.VarianceScaling(), "input_axes")


class KernelScaling(keras.initializers.VarianceScaling):
    """`VarianceScaling` that knows the inputs of each output in `EinsumDense`, and so in attention layers.

    Keras before 3.15 takes every kernel with three axes for that of a convolution, so that the projections of an
    attention layer with 8 heads get an eighth of the variance.
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A kernel of this shape."""
        axes = None if KERAS_TELLS_AXES else input_axes(self, shape)
        if axes is None:
            return super().__call__(shape, dtype=dtype)
        fan_in = math.prod(shape[axis] for axis in axes)
        return ops.reshape(super().__call__((fan_in, math.prod(shape) // fan_in), dtype=dtype), shape)


def input_axes(initializer: Any, shape: Any) -> list[int] | None:
    """The axes of inputs, if `initializer` is asked for the kernel of an `EinsumDense`, else None."""
    if KERAS_TELLS_AXES:
        return initializer.input_axes
    asking = keras_bridge.enclosing_layer(initializer)
    # Keras makes the weights of a model that is built by running it at the end of that run: the model asks for them.
    for layer in [] if asking is None else [asking, *keras_bridge.sublayers(asking, recursive=True)]:
        is_owner = isinstance(layer, keras.layers.EinsumDense) and layer.kernel_initializer is initializer
        if is_owner and (layer is asking or tuple(layer.kernel.shape) == tuple(shape)):
            operands, output = layer.equation.split("->")
            return [axis for axis, label in enumerate(operands.split(",")[1]) if label not in output]
    return None


@keras.saving.register_keras_serializable(package="keras_acts", name="initializers.ActivationScaling")
class ActivationScaling(KernelScaling):
    """Kernels that keep the variance of pre-activations through layers with one activation, whatever it is.

    Var w = gain(activation)^2 / fan

    For relu this is `HeNormal`, for selu `LecunNormal`; for gelu, tanh, mish or your own function it is what these two
    are for theirs. `keras_acts.paired` gives Keras' own initializers where one will do; take this class for other
    modes, distributions or conventions. Where `statistics(activation).stable` is False, use it for shallow networks or
    together with normalisation layers only.

    Args:
        activation: a name, a spec string such as "elu(alpha=0.5)", a callable of one float tensor, or an
            activation layer such as PReLU, which counts with its initial weights. For saved files, a callable must be
            registered with Keras.
        mode: what the variance is divided by: "fan_in", "fan_out" or "fan_avg", the mean of both.
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        convention: which gain; see `keras_acts.initializers.gain`.
        seed: int, `keras.random.SeedGenerator` or None. As in Keras' own initializers, an int or None gives the same
            values at each call: use one initializer for each layer, or a `SeedGenerator`.
        **axes: `input_axes` and `output_axes` of `keras.initializers.VarianceScaling`, where Keras has them.

    Raises:
        ValueError: for an unknown name, mode, distribution or convention, or an activation that has no gain; when
            called, for a shape that is no kernel's or has a fan of 0.
        TypeError: for something that is no activation.

    Example:
        >>> kernel = ActivationScaling("gelu", seed=0)((256, 512))
        >>> round(float(np.std(kernel)) * 256**0.5, 1)
        1.5

    Reference:
        arXiv:1502.01852, Delving Deep into Rectifiers.
    """

    def __init__(
        self,
        activation: Activation,
        mode: Mode = "fan_in",
        distribution: Distribution = "truncated_normal",
        convention: Convention = "forward",
        seed: Any = None,
        **axes: Any,
    ) -> None:
        keras_bridge.stay_registered()
        params.choice("mode", mode, "ActivationScaling", get_args(Mode))
        params.choice("distribution", distribution, "ActivationScaling", get_args(Distribution))
        if isinstance(activation, dict):  # from a file
            activation = keras.saving.deserialize_keras_object(activation)
        super().__init__(gain(activation, convention) ** 2, mode, distribution, seed, **axes)
        self.activation = activation
        self.convention = convention

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A kernel of this shape."""
        return super().__call__(check_kernel_shape(shape, "ActivationScaling"), dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        config = super().get_config()
        del config["scale"]  # it follows from the activation
        activation = self.activation
        if not isinstance(activation, str | None):
            # `activations.serialize` gives Keras' own functions their plain name, but takes functions only.
            serialize = keras.saving.serialize_keras_object if is_layer(activation) else keras.activations.serialize
            activation = serialize(activation)
        return {"activation": activation, "convention": self.convention, **config}


@keras.saving.register_keras_serializable(package="keras_acts", name="initializers.DepthwiseVarianceScaling")
class DepthwiseVarianceScaling(keras.initializers.VarianceScaling):
    """`VarianceScaling` for kernels of depthwise convolutions, each output of which sees one channel only.

    Var w = scale / (kernel height * kernel width)

    Keras' own initializers divide by the number of channels as well: with 64 channels, `HeNormal` is 8 times too small.
    `keras_acts.paired(activation, layer="depthwise")` gives this one with the scale that fits.

    Args:
        scale: float > 0, variance of the weights times the inputs of an output.
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: int, `keras.random.SeedGenerator` or None. As in Keras' own initializers, an int or None gives the same
            values at each call.

    Raises:
        ValueError: for a scale <= 0 or an unknown distribution; when called, for a shape that is no kernel's or has an
            axis of size 0.

    Example:
        >>> kernel = DepthwiseVarianceScaling(2.0, seed=0)((3, 3, 512, 1))
        >>> round(float(np.std(kernel)) * 3.0, 1)
        1.4
    """

    def __init__(self, scale: float = 1.0, distribution: Distribution = "truncated_normal", seed: Any = None) -> None:
        keras_bridge.stay_registered()
        params.choice("distribution", distribution, "DepthwiseVarianceScaling", get_args(Distribution))
        scale = params.finite_number("scale", scale, "DepthwiseVarianceScaling", low=0.0, exclusive=True)
        super().__init__(scale, "fan_in", distribution, seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A kernel of this shape, (..., channels, multiplier)."""
        shape = check_kernel_shape(shape, "DepthwiseVarianceScaling")
        return super().__call__(shape, dtype=dtype) * math.sqrt(shape[-2])

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        config = super().get_config()
        return {name: config[name] for name in ("scale", "distribution", "seed")}
