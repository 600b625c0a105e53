"""Waves, and functions with a wave in them. At +-inf, where a wave has no limit, they are NaN."""

import functools
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from keras_acts.activations._quadratic_angle import waves
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["cos", "finer", "gcu", "sin", "sinlu", "snake"]

Body = TypeVar("Body", bound=Callable[..., Any])


@activation(
    formula="sin(w0 * x)",
    traits={"smooth", "non_monotonic", "bounded", "odd", "periodic", "oscillating"},
    aliases={"dks": "sin", "onnx": "Sin", "echo": "Sine(w0=1.0)"},
)
def sin(x: nx.Tensor, w0: Annotated[float, positive("frequency")] = 1.0) -> nx.Tensor:
    """Sine, for implicit neural representations of images, sounds and fields.

    SIREN takes w0 = 30 and draws weights from +-sqrt(6 / n) / 30 (first layer +-1 / n); without such weights it trains
    badly. Some surveys mean sin(pi x) by "sine".

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1]; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(sin(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.8415, 0.0, 0.9093]

    Reference:
        arXiv:2006.09661, Implicit Neural Representations with Periodic Activation Functions.
    """
    return nx.sine(x, w0)


sin.derivative(lambda x, w0: w0 * nx.cosine(x, w0))
sin.second_derivative(lambda x, w0: -w0 * (w0 * nx.sine(x, w0)))


@activation(
    formula="cos(x)",
    traits={"smooth", "non_monotonic", "bounded", "even", "periodic", "oscillating"},
    aliases={"dks": "cos", "onnx": "Cos"},
)
def cos(x: nx.Tensor) -> nx.Tensor:
    """Cosine: even and periodic; with random weights before it, random Fourier features.

    Some surveys mean 1 - cos(x) by "cosine".

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1]; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(cos(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [0.5403, 1.0, -0.4161]
    """
    return nx.cosine(x)


cos.derivative(lambda x: -nx.sine(x))
cos.second_derivative(lambda x: -nx.cosine(x))


@activation(
    formula="x + sin(frequency * x)**2 / frequency",
    traits={"smooth", "monotonic", "oscillating"},
    aliases={"tfa": "snake(frequency=1.0)"},
)
def snake(x: nx.Tensor, frequency: Annotated[float, positive("frequency of the ripple")] = 1.0) -> nx.Tensor:
    """A ramp with a ripple, for learning periodic functions beyond the data.

    A wide range of frequencies helps: 5 to 50 for periodic data, small ones otherwise.

    Returns:
        Tensor of the same shape and dtype as x; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(snake(np.array([-1.0, 0.0, 1.0]))).round(4).tolist()
        [-0.2919, 0.0, 1.7081]

    Reference:
        arXiv:2006.08195, Neural Networks Fail to Learn Periodic Functions and How to Fix It.
    """
    return x + ops.square(nx.sine(x, frequency)) / frequency


# 1 + sin(2z) cancels where it is small; it is (sin z + cos z)^2.
snake.derivative(lambda x, frequency: ops.square(nx.sine(x, frequency) + nx.cosine(x, frequency)))


def _snake_third_derivative(x: nx.Tensor, frequency: float) -> nx.Tensor:
    return (-8.0 * frequency * frequency) * (nx.sine(x, frequency) * nx.cosine(x, frequency))


@snake.second_derivative
@nx.with_derivative(_snake_third_derivative)  # autodiff cancels near 0
def _(x: nx.Tensor, frequency: float) -> nx.Tensor:
    # 2 cos(2z) = 2 (cos z - sin z)(cos z + sin z): 2z may overflow.
    sine, cosine = nx.sine(x, frequency), nx.cosine(x, frequency)
    return 2.0 * frequency * (cosine - sine) * (cosine + sine)


@activation(formula="x * cos(x)", traits={"smooth", "non_monotonic", "odd", "self_gated", "oscillating"})
def gcu(x: nx.Tensor) -> nx.Tensor:
    """Growing cosine unit: oscillates with growing amplitude, so that a single unit can learn XOR.

    Returns:
        Tensor of the same shape and dtype as x; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(gcu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.5403, 0.0, -0.8323]

    Reference:
        arXiv:2108.12943, Growing Cosine Unit: A Novel Oscillatory Activation Function That Can Speedup Training and
        Reduce Parameters in Convolutional Neural Networks.
    """
    return x * nx.cosine(x)


gcu.derivative(lambda x: nx.cosine(x) - x * nx.sine(x))
gcu.second_derivative(lambda x: -2.0 * nx.sine(x) - x * nx.cosine(x))


def _in_float64_if_wave_dominates(function: Body) -> Body:
    """sinlu or a derivative, in float64 for alpha beta > 1: its sums then cancel in every period of the wave."""

    @functools.wraps(function)
    def chosen(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
        return (nx.in_float64(function) if alpha * beta > 1.0 else function)(x, alpha, beta)

    return chosen  # type: ignore[return-value]


def _sinlu_parts(x: nx.Tensor, alpha: float, beta: float) -> tuple[nx.Tensor, ...]:
    """exp(-|x| / 2), its square, x + alpha sin(beta x) and its derivative, and sin(beta x)."""
    # 1 + alpha beta cos z cancels where it is small.
    gain = alpha * beta
    rise = (1.0 - gain) + 2.0 * gain * ops.square(nx.cosine(x, 0.5 * beta))
    sine = nx.sine(x, beta)
    h, e = nx.half_decay(x)
    return h, e, nx.near(x) + alpha * sine, rise, sine


@activation(formula="(x + alpha * sin(beta * x)) * sigmoid(x)", traits={"smooth", "non_monotonic", "oscillating"})
@_in_float64_if_wave_dominates
def sinlu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("amplitude of the sine", low=0.0)] = 1.0,
    beta: Annotated[float, Param("frequency of the sine", low=0.0, high=64.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Silu with a sine on top, for signals with a period.

    The paper trains both parameters, from 1.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(sinlu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.4952, 0.0, 2.5625]

    Reference:
        Paul et al. 2022, SinLU: Sinu-Sigmoidal Linear Unit.
    """
    h, e = nx.half_decay(x)
    sine = alpha * nx.sine(x, beta)
    value = ops.where(x < 0.0, h * (h * (nx.near(x) + sine)), x + sine) / (1.0 + e)
    # Near 0 both terms underflow before their sum does.
    return ops.where(ops.abs(x) < 1e-30, (0.5 + 0.5 * alpha * beta) * x, value)


@sinlu.derivative
@_in_float64_if_wave_dominates
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    h, e, wave, rise, _ = _sinlu_parts(x, alpha, beta)
    opening = (1.0 + e) * rise
    return ops.where(x < 0.0, h * (h * (opening + wave)), opening + e * wave) / (1.0 + e * (2.0 + e))


@sinlu.second_derivative
@_in_float64_if_wave_dominates
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    h, e, wave, rise, sine = _sinlu_parts(x, alpha, beta)
    bend = -alpha * beta * beta * (1.0 + e) * sine
    turn = 2.0 * rise - wave * ops.tanh(0.5 * x)
    # e may be 0 before its product with the turn is, which is all that there is where the wave is 0.
    return ops.where(x < 0.0, h * (h * (bend + turn)), bend + h * (h * turn)) / (1.0 + e * (2.0 + e))


@nx.in_float64
def _finer(x: nx.Tensor, w0: float) -> nx.Tensor:
    sine, _ = waves(x, w0)
    return ops.where(x < 0.0, -sine, sine)


@nx.in_float64
def _finer_derivative(x: nx.Tensor, w0: float) -> nx.Tensor:
    _, cosine = waves(x, w0)
    return w0 * cosine + (2.0 * w0) * (ops.abs(x) * cosine)  # 2 w0 |x| may overflow


@nx.in_float64
def _finer_second_derivative(x: nx.Tensor, w0: float) -> nx.Tensor:
    sine, cosine = waves(x, w0)
    rate = w0 + (2.0 * w0) * ops.abs(x)
    return ops.sign(x) * ((2.0 * w0) * cosine - rate * (rate * sine))


@activation(formula="sin(w0 * (abs(x) + 1) * x)", traits={"non_monotonic", "bounded", "odd", "oscillating"})
def finer(x: nx.Tensor, w0: Annotated[float, positive("frequency at 0")] = 30.0) -> nx.Tensor:
    """Sine whose frequency grows with `|x|`, for implicit neural representations of fields with fine detail.

    Which frequencies a unit has follows from its bias. `keras_acts.paired("finer")` gives the authors' weights of the
    layers within; in the first one take `kernel_initializer=keras_acts.initializers.Siren(first_layer=True)`, and for
    more detail `bias_initializer=keras.initializers.RandomUniform(-1, 1)`, as for their signed distance fields.

    The derivative is the true one, `w0 (2 |x| + 1) cos(...)`. The authors' code takes `|x| + 1` for a constant in
    training unless `scale_req_grad=True`, and so a smaller one, `w0 (|x| + 1) cos(...)`. Where the numbers beside x are
    many turns away, the result is that of some number near there.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1]; NaN at +-inf, where there is no limit.

    Example:
        >>> np.asarray(finer(np.array([-2.0, 0.5, 3.0]))).round(4).tolist()
        [0.8012, -0.4872, 0.9589]

    Reference:
        arXiv:2312.02434, FINER: Flexible Spectral-Bias Tuning in Implicit Neural Representation by Variable-Periodic
        Activation Functions.
    """
    return _finer(x, w0)


finer.derivative(lambda x, w0: _finer_derivative(x, w0))
finer.second_derivative(lambda x, w0: _finer_second_derivative(x, w0))
