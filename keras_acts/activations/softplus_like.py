"""Softplus and its kin: smooth rectifiers, without a gate."""

import math
from dataclasses import dataclass
from typing import Annotated

from keras_acts.activations.sigmoids import ramp, ramp_derivative
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["bent_identity", "shifted_softplus", "softplus", "sparse_plus", "sqrt_softplus", "squareplus"]
__all__ += ["swoosh_l", "swoosh_r"]


@activation(
    formula={
        "threshold=None": "log(1 + exp(beta * x)) / beta",
        "": "where(beta * x > threshold, x, log(1 + exp(beta * x)) / beta)",
    },
    traits={"smooth", "monotonic"},
    aliases={"keras tf jax flax": "softplus", "torch": "Softplus softplus(beta=1, threshold=20)", "onnx": "Softplus"},
    kinks=lambda beta, threshold: () if threshold is None else (threshold / beta,),
)
def softplus(
    x: nx.Tensor,
    beta: Annotated[float, positive("sharpness")] = 1.0,
    threshold: Annotated[
        float | None, Param("beta x above which x itself is returned; None for never", any_size=True)
    ] = None,
) -> nx.Tensor:
    """Smooth relu, the integral of the sigmoid; makes positive outputs such as variances.

    torch and paddle return x itself where beta x > 20; that jump of 2e-9 / beta comes with `threshold=20.0`, or with
    `get("torch:Softplus")`. Without it the function is right in float64 too.

    Returns:
        Tensor of the same shape and dtype as x, in (0, inf).

    Example:
        >>> np.asarray(softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1269, 0.6931, 2.1269]

    Reference:
        Dugas et al. 2001, Incorporating Second-Order Functional Knowledge for Better Option Pricing.
    """
    # beta x itself may overflow; exp(-|beta x|) may not.
    z = -ops.abs(beta * x)
    excess = nx.log1p_unit(ops.exp(z)) / beta
    if beta < 1.0:  # the quotient is still a normal number where the exponential no longer is
        excess = ops.where(z < -80.0, nx.times_exp_fast(1.0 / beta, z), excess)
    smooth = ops.maximum(x, 0.0) + excess
    return smooth if threshold is None else ops.where(x > threshold / beta, x, smooth)


@softplus.derivative
def _(x: nx.Tensor, beta: float, threshold: float | None) -> nx.Tensor:
    smooth = nx.sigmoid(beta * x)
    return smooth if threshold is None else ops.where(x > threshold / beta, 1.0, smooth)


@softplus.second_derivative
def _(x: nx.Tensor, beta: float, threshold: float | None) -> nx.Tensor:
    smooth = nx.times_sigmoid_derivative(beta, beta * x)
    return smooth if threshold is None else ops.where(x > threshold / beta, 0.0, smooth)


@activation(
    formula="(x + sqrt(x**2 + b)) / 2",
    traits={"smooth", "monotonic"},
    aliases={"keras": "squareplus", "jax": "squareplus(b=4.0)"},
)
def squareplus(x: nx.Tensor, b: Annotated[float, positive("width of the bend")] = 4.0) -> nx.Tensor:
    """Softplus made of a square root only.

    Its left tail falls off as b / (4 |x|), not exponentially.

    Returns:
        Tensor of the same shape and dtype as x, in (0, inf).

    Example:
        >>> np.asarray(squareplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.4142, 1.0, 2.4142]

    Reference:
        arXiv:2112.11687, Squareplus: A Softplus-Like Algebraic Rectifier.
    """
    # (x + h) / 2 cancels for x < 0; (h - |x|) / 2 = b / 2 / (h + |x|) is its distance from relu on both sides. The sum
    # is halved, as it may overflow.
    half = 0.5 * x
    return ops.maximum(x, 0.0) + 0.25 * b / (nx.hypotenuse(half, 0.5 * math.sqrt(b)) + ops.abs(half))


@squareplus.derivative
def _(x: nx.Tensor, b: float) -> nx.Tensor:
    h = nx.hypotenuse(x, math.sqrt(b))
    # (1 - |x| / h) / 2 without the cancellation; one denominator, as XLA makes of two quotients, may overflow.
    vanishing = (0.5 * b / h) * (1.0 / (h + ops.abs(x)))
    return ops.where(x < 0.0, vanishing, 1.0 - vanishing)


@squareplus.second_derivative
def _(x: nx.Tensor, b: float) -> nx.Tensor:
    return nx.algebraic_sigmoid_derivative(nx.clipped_for_square(x / math.sqrt(b)), 0.5 / math.sqrt(b))


@activation(formula="log((1 + exp(x)) / 2)", traits={"smooth", "monotonic"})
def shifted_softplus(x: nx.Tensor) -> nx.Tensor:
    """Softplus moved down through the origin, for smooth energies of molecules (SchNet).

    Returns:
        Tensor of the same shape and dtype as x, in [-log 2, inf).

    Example:
        >>> np.asarray(shifted_softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.5662, 0.0, 1.4338]

    Reference:
        Schütt et al. 2017, SchNet: A Continuous-Filter Convolutional Neural Network for Modeling Quantum Interactions.
    """
    # softplus(x) - log 2 cancels near 0. There log1p(expm1(-|x|) / 2), whose argument stays above -0.27: below -0.35
    # XLA's log1p is off by a hundred units in the last place of float64. x / 2 where half of x is no normal number.
    t = ops.abs(x)
    near = nx.log1p(0.5 * nx.expm1(-t))
    far = nx.log1p_unit(ops.exp(-t)) - math.log(2.0)
    return ops.where(t < 1e-17, 0.5 * x, ops.maximum(x, 0.0) + ops.where(t < 0.75, near, far))


shifted_softplus.derivative(nx.sigmoid)
shifted_softplus.second_derivative(nx.sigmoid_derivative)


@activation(
    formula="max(x, (min(max(x, -1), 1) + 1)**2 / 4)",
    traits={"monotonic", "sparse"},
    aliases={"keras jax": "sparse_plus"},
    kinks=(-1.0, 1.0),
)
def sparse_plus(x: nx.Tensor) -> nx.Tensor:
    """Softplus with a quadratic bend: exactly 0 left of it and exactly x right of it.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(sparse_plus(np.array([-2.0, 0.0, 3.0]))).tolist()
        [0.0, 0.25, 3.0]

    Reference:
        arXiv:1901.02324, Learning with Fenchel-Young Losses.
    """
    return ops.where(x >= 1.0, x, ops.square(ramp(x, 1.0)))


sparse_plus.derivative(lambda x: ramp(x, 1.0))
sparse_plus.second_derivative(lambda x: ramp_derivative(x, 1.0))


# softplus(x) = w^2 q with w = 1 for x >= 0; for x < 0, w = exp(x / 2) and q = log1p(e) / e, where e = exp(x).


def _sqrt_softplus_parts(x: nx.Tensor) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
    """x < 0, w, e = exp(-|x|) and q."""
    negative = x < 0.0
    h, e = nx.half_decay(x)
    log = nx.log1p_unit(e)
    quotient = ops.where(e < 1e-20, 1.0, log / ops.maximum(e, 1e-20))  # 0 / 0 where e vanishes
    q = ops.where(negative, quotient, x + log)
    return negative, ops.where(negative, h, 1.0), e, q


@activation(formula="sqrt(log(1 + exp(x)))", traits={"smooth", "monotonic"}, aliases={"hf": "sqrtsoftplus"})
def sqrt_softplus(x: nx.Tensor) -> nx.Tensor:
    """Square root of softplus: the score of the expert router in DeepSeek-V4.

    Positive, and grows only as sqrt(x), so that no expert's score runs away from the others.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(sqrt_softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.3563, 0.8326, 1.4584]

    Reference:
        DeepSeek-V4, its router in Hugging Face transformers.
    """
    _, w, _, q = _sqrt_softplus_parts(x)
    return w * ops.sqrt(q)


@sqrt_softplus.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    _, w, e, q = _sqrt_softplus_parts(x)
    return 0.5 * w / ((1.0 + e) * ops.sqrt(q))


@sqrt_softplus.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    negative, w, e, q = _sqrt_softplus_parts(ops.minimum(x, 0.25 * nx.largest(x)))  # 2 q must stay finite
    bend = 2.0 * q * ops.where(negative, ops.ones_like(e), e) - 1.0
    return w * (0.25 * bend / (1.0 + e * (2.0 + e)) / q / ops.sqrt(q))


@activation(formula="(sqrt(x**2 + 1) - 1) / 2 + x", traits={"smooth", "monotonic"}, aliases={"dks": "bentid"})
def bent_identity(x: nx.Tensor) -> nx.Tensor:
    """Smooth line with slope 1/2 far left and 3/2 far right.

    Its gradient never vanishes nor explodes.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(bent_identity(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-1.382, 0.0, 2.618]
    """
    # sqrt(1 + x^2) - 1 cancels near 0 and overflows; it is x^2 / (1 + sqrt(1 + x^2)).
    u = nx.clipped_for_square(x)
    return x * (1.0 + 0.5 * (u / (1.0 + nx.square_and_root(u)[1])))


bent_identity.derivative(lambda x: 1.0 + 0.5 * nx.algebraic_sigmoid(nx.clipped_for_square(x)))
bent_identity.second_derivative(lambda x: nx.algebraic_sigmoid_derivative(nx.clipped_for_square(x), 0.5))


SLOPE = 0.08  # by which both swooshes fall, far on the left


@dataclass(frozen=True)
class _Swoosh:
    """softplus(x - shift) - SLOPE x - offset, and what it is at 0 and near its minimum, where its terms cancel.

    From the nearer one of the two, at a distance u, it differs by log1p(gate expm1(u)) - SLOPE u, with the gate
    sigmoid(-shift) at 0.
    """

    shift: float
    offset: float
    at_0: float
    low: float
    at_low: float

    def _near(self, x: nx.Tensor) -> tuple[nx.Tensor, ...]:
        """The distance, the gate and the value there; and whether they are near."""
        is_low = ops.abs(x - self.low) < ops.abs(x)
        u = ops.where(is_low, x - self.low, x)
        gates = [1.0 / (1.0 + math.exp(self.shift - place)) for place in (self.low, 0.0)]
        gate, start = (
            ops.where(is_low, at_low * ops.ones_like(x), at_0) for at_low, at_0 in (gates, (self.at_low, self.at_0))
        )
        return ops.clip(u, -1.0, 1.0), gate, start, ops.abs(u) < 1.0

    def value(self, x: nx.Tensor) -> nx.Tensor:
        u, gate, start, is_near = self._near(x)
        near = (nx.log1p_unit(gate * nx.expm1(u)) + start) - SLOPE * u
        line = ops.where(x < self.shift, -SLOPE * x, (1.0 - SLOPE) * x - self.shift)  # not inf - inf
        far = (line - self.offset) + nx.log1p_unit(ops.exp(-ops.abs(x - self.shift)))
        return ops.where(is_near, near, far)

    def derivative(self, x: nx.Tensor) -> nx.Tensor:
        u, gate, _, is_near = self._near(x)
        rise = gate * nx.expm1(u)
        near = (gate - SLOPE) + rise * ((1.0 - gate) / (1.0 + rise))
        return ops.where(is_near, near, nx.sigmoid(x - self.shift) - SLOPE)

    def second_derivative(self, x: nx.Tensor) -> nx.Tensor:
        return nx.sigmoid_derivative(x - self.shift)


_swoosh_l = _Swoosh(shift=4.0, offset=0.035, at_0=-0.016850072082190262, low=1.5, at_low=-0.07611026570745039)
_swoosh_r = _Swoosh(shift=1.0, offset=0.313261687, at_0=5.182228231658682e-10, low=-1.0, at_low=-0.10633367595702752)


@activation(
    formula="log(1 + exp(x - 4)) - 0.08 * x - 0.035",
    traits={"smooth", "non_monotonic"},
    aliases={"icefall": "SwooshL", "k2": "swoosh_l"},
)
def swoosh_l(x: nx.Tensor) -> nx.Tensor:
    """Softplus, moved to the right and tilted: for the modules of a Zipformer that are normally off.

    The activation of its feed-forward modules; its convolutions have `swoosh_r`. A small negative slope on the left
    lets every unit learn. In training, icefall rounds the derivative at random to one byte, to save memory; here it is
    exact.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.076 at x = 1.558.

    Example:
        >>> np.asarray(swoosh_l(np.array([-2.0, 0.5, 3.0]))).round(4).tolist()
        [0.1275, -0.0452, 0.0383]

    Reference:
        arXiv:2310.11230, Zipformer: A Faster and Better Encoder for Automatic Speech Recognition.
    """
    return _swoosh_l.value(x)


swoosh_l.derivative(_swoosh_l.derivative)
swoosh_l.second_derivative(_swoosh_l.second_derivative)


@activation(
    formula="log(1 + exp(x - 1)) - 0.08 * x - 0.313261687",
    traits={"smooth", "non_monotonic"},
    aliases={"icefall": "SwooshR", "k2": "swoosh_r"},
)
def swoosh_r(x: nx.Tensor) -> nx.Tensor:
    """Softplus, tilted and moved through the origin: for the modules of a Zipformer that are normally on.

    The activation of its convolution modules, and of those in front; see `swoosh_l`. It is 5e-10 at 0, as its offset
    has nine digits.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.114 at x = -1.442.

    Example:
        >>> np.asarray(swoosh_r(np.array([-2.0, 0.5, 3.0]))).round(4).tolist()
        [-0.1047, 0.1208, 1.5737]

    Reference:
        arXiv:2310.11230, Zipformer: A Faster and Better Encoder for Automatic Speech Recognition.
    """
    return _swoosh_r.value(x)


swoosh_r.derivative(_swoosh_r.derivative)
swoosh_r.second_derivative(_swoosh_r.second_derivative)
