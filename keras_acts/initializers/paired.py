"""The initializers that belong to an activation, as keyword arguments of the layer it stands in."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from keras_acts.analysis.elementwise import Activation, as_function, is_layer
from keras_acts.analysis.fixed_points import statistics
from keras_acts.analysis.gain import gain
from keras_acts.core import params, resolve
from keras_acts.initializers import portable
from keras_acts.initializers.fan_in_uniform import FanInUniform
from keras_acts.initializers.scaling import KERAS_TELLS_AXES, Distribution

__all__ = ["paired"]

Kwargs = dict[str, Any]


def paired(activation: Activation, deep: bool = False, layer: str = "dense") -> Kwargs:
    """Activation, kernel and bias initializer that belong together, as keyword arguments for a Keras layer.

    Var w = gain(activation)^2 / fan_in, b = 0; with deep=True, Var w = C_W / fan_in, Var b = C_b at the critical point

    That is `LecunNormal` for selu, `HeNormal` for relu, the published weights of SIREN for sin, and `VarianceScaling`
    for the others: Keras' own classes, so that the files of models do not need keras_acts for them. Each layer gets its
    own random numbers, also where one dict is used for many layers. finer has the kernels of SIREN and, as published,
    biases of torch's range, +-1 / sqrt(inputs), by `keras_acts.initializers.FanInUniform`.

    Take deep=True from about 20 layers on without normalisation layers. The variance of gelu, silu and mish runs away
    with any gain, so that they need the critical point, with random biases; tanh trains better there. Activations that
    are self-normalising, such as selu, keep LeCun's weights.

    A critical point at variance 0 (tanh, softsign, elu, celu, hard_mish, nl_relu and others: see
    `statistics(activation).critical`) keeps small signals; larger ones fall, slower than exponentially. From inputs of
    variance 1 through 30 layers tanh falls to 0.018, elu to 0.008, softsign to 0.0005. A factor of 5 holds over 30
    layers from inputs of variance up to 0.07 for tanh, 0.012 for elu, 0.0007 for softsign. So scale the inputs down, or
    take deep=False, which keeps variance 1, while gradients change by `statistics(activation).gradient_slope` a layer.

    Args:
        activation: what the layer's `activation=` shall be: a name, a spec string, None or a callable of one float
            tensor, which is measured like any other. Or an activation layer such as PReLU, counting with its initial
            weights: then `activation` is not among the results, as that layer comes after this one.
        deep: True for the critical point of deep networks, if it is at variance 0 for small inputs: see above.
        layer: what the keyword arguments are for:
            "dense" for Dense and EinsumDense, "conv" for Conv1D, 2D and 3D, which is the same;
            "conv_transpose" for transposed convolutions with stride 1 (for stride s, each output has about s^d times
            fewer inputs);
            "depthwise" for DepthwiseConv1D and 2D, whose kernels Keras' own initializers make too small;
            "separable" for SeparableConv1D and 2D: the gain is in the depthwise part;
            "simple_rnn": input and state make half of the variance each, the recurrent kernel is orthogonal;
            "lstm", "gru", "conv_lstm": their kernels feed sigmoid gates whatever the activation is, so it does not
            enter: `LecunNormal`, orthogonal recurrent kernel (biases are left to Keras);
            "multi_head_attention" for the projections of MultiHeadAttention and GroupQueryAttention, which take no
            activation: for inputs that come out of this activation; None for those of a normalisation layer. The
            gain is in query, key and value; before the output projection there is no activation;
            "embedding" for Embedding, which takes no activation either: its vectors have the second moment of the
            activation's outputs, 1 / gain^2, as the layers behind it expect.

    Returns:
        A dict for `**`: `activation` where the layer takes one, and the initializers under the layer's names for them.

    Raises:
        ValueError: for an unknown name or `layer`, an activation over an axis (softmax), one that gives NaN, is zero
            almost everywhere or has an infinite second moment, or deep=True with one that has no critical point
            (sigmoid, softplus, relu2, smish).
        TypeError: for something that is no activation.

    Example:
        >>> gelu = keras_acts.paired("gelu", deep=True)
        >>> model = keras.Sequential([keras.layers.Dense(64, **gelu) for _ in range(30)])
        >>> {name: type(value).__name__ for name, value in keras_acts.paired("selu").items()}
        {'activation': 'str', 'kernel_initializer': 'LecunNormal', 'bias_initializer': 'Zeros'}
        >>> sorted(paired("relu", layer="separable"))
        ['activation', 'bias_initializer', 'depthwise_initializer', 'pointwise_initializer']

    Reference:
        arXiv:1502.01852 (relu), arXiv:1706.02515 (selu), arXiv:2006.09661 (sin), arXiv:2312.02434 (finer),
        arXiv:2106.10165 (critical points).
    """
    params.flag("deep", deep, "paired")
    params.choice("layer", layer, "paired", list(_LAYERS))
    kwargs = _LAYERS[layer](_weights(activation, deep))
    if layer in ("multi_head_attention", "embedding") or is_layer(activation):
        return kwargs
    # The string means Keras' own, which needs arguments that a layer does not give.
    return {"activation": as_function(activation) if activation == "threshold" else activation, **kwargs}


# Keras' own, or what stands for them where those are wrong in EinsumDense.
_OWN: Any = keras.initializers if KERAS_TELLS_AXES else portable


@dataclass(frozen=True)
class _Weights:
    """Variance of the weights (times the inputs of an output) and of the biases, and the source of random numbers.

    A `SeedGenerator` gives other values at each call. With Keras' default seed two layers that share the initializer,
    as in `kwargs = paired("selu")` before a loop, would start as copies of each other.
    """

    weight_variance: float
    output: float  # E f(z)^2, the second moment of what the activation gives to the next layer
    bias_variance: float = 0.0
    distribution: Distribution = "truncated_normal"
    by_fan_in: bool = False  # the biases
    seed: Any = field(default_factory=lambda: keras.random.SeedGenerator())

    def kernel(self, share: float = 1.0, mode: str = "fan_in") -> keras.initializers.Initializer:
        """Keras' own initializer, by its name where it has one. `share` is the part of the variance that it makes."""
        scale = self.weight_variance * share
        if mode == "fan_in" and self.distribution == "truncated_normal":
            if math.isclose(scale, 1.0, rel_tol=1e-12):
                return self.lecun()
            if math.isclose(scale, 2.0, rel_tol=1e-12):
                return _OWN.HeNormal(seed=self.seed)
        return _OWN.VarianceScaling(scale, mode, self.distribution, seed=self.seed)

    def lecun(self) -> keras.initializers.Initializer:
        """For kernels behind which no activation changes the variance."""
        return _OWN.LecunNormal(seed=self.seed)

    def orthogonal(self, gain: float = 1.0) -> keras.initializers.Initializer:
        """For recurrent kernels."""
        return keras.initializers.Orthogonal(gain, seed=self.seed)

    def bias(self) -> keras.initializers.Initializer:
        """Random where the critical point asks for it, or as published."""
        return FanInUniform(seed=self.seed) if self.by_fan_in else self.normal(self.bias_variance)

    def normal(self, variance: float) -> keras.initializers.Initializer:
        """For what is no kernel."""
        if variance == 0.0:
            return keras.initializers.Zeros()
        return keras.initializers.RandomNormal(stddev=math.sqrt(variance), seed=self.seed)


def _weights(activation: Activation, deep: bool) -> _Weights:
    function = as_function(activation)
    found = statistics(function) if deep else None
    if found is not None and not (found.self_normalizing and found.derivative_second_moment):
        if found.critical is None:
            raise ValueError(
                "A deep network needs an activation with a critical point, and there is none for this one. "
                f"Received: {activation!r} with deep=True. Use deep=False with normalisation layers, or "
                "keras_acts.initializers.standardize(activation)"
            )
        critical = found.critical
        at_point = (critical.variance - critical.bias_variance) / critical.weight_variance
        return _Weights(critical.weight_variance, at_point or found.second_moment, critical.bias_variance)
    factor = gain(function)
    declaration, given = resolve.declaration_of(function)
    if declaration is not None and declaration.name in ("sin", "finer"):  # as published; see `Siren`
        is_finer = declaration.name == "finer"
        return _Weights(2.0 / given["w0"] ** 2, factor**-2, distribution="uniform", by_fan_in=is_finer)
    return _Weights(factor**2, factor**-2)


def _dense(weights: _Weights) -> Kwargs:
    return {"kernel_initializer": weights.kernel(), "bias_initializer": weights.bias()}


def _conv_transpose(weights: _Weights) -> Kwargs:
    # The kernel is (..., outputs, inputs): what Keras calls fan_out are the inputs.
    return {**_dense(weights), "kernel_initializer": weights.kernel(mode="fan_out")}


def _attention(weights: _Weights) -> Kwargs:
    kernel = portable.Attention(weights.weight_variance, "fan_in", weights.distribution, seed=weights.seed)
    return {**_dense(weights), "kernel_initializer": kernel}


def _embedding(weights: _Weights) -> Kwargs:
    return {"embeddings_initializer": weights.normal(weights.output)}


def _depthwise(weights: _Weights) -> Kwargs:
    kernel = portable.Depthwise(weights.weight_variance, "fan_out", weights.distribution, seed=weights.seed)
    return {"depthwise_initializer": kernel, "bias_initializer": weights.bias()}


def _separable(weights: _Weights) -> Kwargs:
    # Nothing bends the signal between the two kernels: the first undoes the activation, the second keeps the variance.
    return {**_depthwise(weights), "pointwise_initializer": weights.lecun()}


def _simple_rnn(weights: _Weights) -> Kwargs:
    recurrent = weights.orthogonal(math.sqrt(0.5 * weights.weight_variance))
    return {**_dense(weights), "kernel_initializer": weights.kernel(share=0.5), "recurrent_initializer": recurrent}


def _gated_rnn(weights: _Weights) -> Kwargs:
    return {"kernel_initializer": weights.lecun(), "recurrent_initializer": weights.orthogonal()}


# One entry for each way in which Keras layers spell their kernels and count their inputs.
_LAYERS: dict[str, Callable[[_Weights], Kwargs]] = {
    **dict.fromkeys(("dense", "conv"), _dense),
    "multi_head_attention": _attention,
    "embedding": _embedding,
    "conv_transpose": _conv_transpose,
    "depthwise": _depthwise,
    "separable": _separable,
    "simple_rnn": _simple_rnn,
    **dict.fromkeys(("lstm", "gru", "conv_lstm"), _gated_rnn),
}
