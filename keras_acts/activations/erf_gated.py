"""x times the error function of something that vanishes on the left."""

from typing import Annotated

from keras_acts.activations._double_exponential import exponent_and_exp, gated, gated_derivative, times_exp_minus
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import activation, positive

__all__ = ["erfact", "pserf", "serf"]


def _pserf_parts(x: nx.Tensor, gamma: float, delta: float) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
    """w = delta x, e = exp(-|w|), log(1 + e) / e, and z = gamma log(1 + exp(w)), the argument of erf."""
    w = ops.clip(delta * x, -nx.FAR, nx.FAR * max(1.0, 1.0 / gamma))  # z reaches FAR: erf(z) is 1
    e = ops.exp(-ops.abs(w))
    ratio = nx.log1p_quotient(e)
    return w, e, ratio, gamma * (ops.maximum(w, 0.0) + e * ratio)


@activation(formula="x * erf(gamma * log(1 + exp(delta * x)))", traits={"smooth", "non_monotonic", "self_gated"})
def pserf(
    x: nx.Tensor,
    gamma: Annotated[float, positive("height of the gate's argument")] = 1.25,
    delta: Annotated[float, positive("sharpness of the gate")] = 0.85,
) -> nx.Tensor:
    """Serf with two parameters, which the paper trains; fixed here.

    The defaults are the initial values attributed to the paper; third-party ports start from 1 and 1, which is `serf`.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(pserf(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.4707, 0.0, 1.9981]

    Reference:
        arXiv:2109.04386, ErfAct and Pserf: Non-monotonic Smooth Trainable Activation Functions.
    """
    w, _, ratio, z = _pserf_parts(x, gamma, delta)
    erf_z, quotient = nx.erf_and_quotient(z)
    left = (gamma * ops.clip(x, -nx.FAR / delta, 0.0)) * (ratio * quotient)
    closing = nx.times_exp(left, ops.minimum(w, 0.0))
    return ops.where(w < 0.0, closing, x * erf_z)


@pserf.derivative
def _pserf_derivative(x: nx.Tensor, gamma: float, delta: float) -> nx.Tensor:
    w, e, ratio, z = _pserf_parts(x, gamma, delta)
    erf_z, quotient = nx.erf_and_quotient(z)
    bend = (nx.ERF_PEAK * gamma) * w * ops.exp(-(ops.square(z) + e * ratio))  # 1 / (1 + e) is in the exponential
    closing = nx.times_exp(gamma * ratio * quotient + bend, ops.minimum(w, 0.0))
    return ops.where(w < 0.0, closing, erf_z + bend)


@pserf.second_derivative
def _pserf_second_derivative(x: nx.Tensor, gamma: float, delta: float) -> nx.Tensor:
    # With s = sigmoid(w) and g = erf(z): x g'' + 2 g' = g' (2 + w (sigmoid(-w) - 2 gamma z s)).
    w, e, _, z = _pserf_parts(x, gamma, delta)
    s = ops.where(w < 0.0, e, 1.0) / (1.0 + e)
    opposite = ops.where(w < 0.0, 1.0, e) / (1.0 + e)
    bracket = (nx.ERF_PEAK * gamma * delta) * (2.0 + w * (opposite - (2.0 * gamma) * (z * s)))
    return nx.times_exp(bracket / (1.0 + e), ops.minimum(w, 0.0) - ops.square(z))


@activation(formula="x * erf(log(1 + exp(x)))", traits={"smooth", "non_monotonic", "self_gated"})
def serf(x: nx.Tensor) -> nx.Tensor:
    """Mish with erf in place of tanh: smooth, unbounded above, a little steeper than `mish`.

    With trainable steepness, here as fixed parameters, it is `pserf`.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.3484 at x = -1.1931.

    Example:
        >>> np.asarray(serf(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3422, 0.0, 1.9947]

    Reference:
        arXiv:2108.09598, SERF: Towards Better Training of Deep Neural Networks Using Log-Softplus ERror Activation
        Function.
    """
    return pserf.body(x, 1.0, 1.0)


serf.derivative(lambda x: _pserf_derivative(x, 1.0, 1.0))
serf.second_derivative(lambda x: _pserf_second_derivative(x, 1.0, 1.0))


@activation(formula="x * erf(alpha * exp(beta * x))", traits={"smooth", "non_monotonic", "self_gated"})
def erfact(
    x: nx.Tensor,
    alpha: Annotated[float, positive("the gate's argument at 0")] = 0.75,
    beta: Annotated[float, positive("sharpness of the gate")] = 0.75,
) -> nx.Tensor:
    """x gated by the error function of an exponential, with two parameters, which the paper trains; fixed here.

    The defaults are the initial values attributed to the paper; third-party ports start from 1 and 1, or 1 and 0.5.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(erfact(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3836, 0.0, 2.0]

    Reference:
        arXiv:2109.04386, ErfAct and Pserf: Non-monotonic Smooth Trainable Activation Functions.
    """
    u, z = exponent_and_exp(x, alpha, beta)
    return gated(x, u, *nx.erf_and_quotient(z), alpha, beta)


@erfact.derivative
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    u, z = exponent_and_exp(x, alpha, beta)
    return gated_derivative(u, z, *nx.erf_and_quotient(z), nx.ERF_PEAK * ops.exp(-ops.square(z)), alpha)


@erfact.second_derivative
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    u, z = exponent_and_exp(x, alpha, beta)
    square = ops.square(z)
    return times_exp_minus((nx.ERF_PEAK * alpha * beta) * (2.0 + u * (1.0 - 2.0 * square)), u, square)
