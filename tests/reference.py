"""The oracle: each activation in mpmath, written from its paper's formula and never from the declaration.

One line per activation. `mp` works at the precision that the judge sets; `x` is exact. For activations over an axis,
`x` is the list of numbers along it.
"""

from mpmath import mp


def _sigmoid(x):
    # Beyond a million, 0 or 1 to 400,000 digits; mpmath would take seconds to say so.
    return 1 / (1 + mp.exp(-x)) if abs(x) < 1e6 else mp.mpf(x > 0)


def _log1p_exp(x):
    return mp.log1p(mp.exp(x))


def _clip(x, low, high):
    return min(max(x, mp.mpf(low)), mp.mpf(high))


def _normal_cdf(x):
    # Beyond 40, 0 or 1 to 349 digits, which no dtype sees; mpmath's erfc is slow there and takes no huge numbers.
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 40 else mp.mpf(x > 0)


def _selu(x):
    # Constants as solved for in the paper's fixed-point equations, to 30 digits.
    alpha = mp.mpf("1.6732632423543772848170429916717")
    scale = mp.mpf("1.0507009873554804934193349852946")
    return scale * (x if x > 0 else alpha * mp.expm1(x))


def _gelu_tanh(x):
    return x * _sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3))


def _relu(x, negative_slope=0, max_value=None, threshold=0):
    if x > threshold:
        return x if max_value is None else min(x, mp.mpf(max_value))
    return negative_slope * (x - threshold)


def _softplus(x, beta=1, threshold=None):
    return x if threshold is not None and beta * x > threshold else _log1p_exp(beta * x) / beta


def _squareplus(x, b=4):
    # (x + sqrt(x^2 + b)) / 2 times its conjugate, as the sum cancels for x << 0 at any fixed precision.
    root = mp.sqrt(x * x + b)
    return (x + root) / 2 if x > 0 else b / (root - x) / 2


def _tanh_shrink(x):
    # x - tanh x = x^3 / 3 - 2 x^5 / 15 + ...: two terms are exact to any working precision below 1e-30.
    return x**3 / 3 - 2 * x**5 / 15 if 0 < abs(x) < mp.mpf("1e-200") else x - mp.tanh(x)


def _softmax(x, axis=-1):
    total = mp.fsum(mp.exp(v) for v in x)
    return [mp.exp(v) / total for v in x]


def _log_softmax(x, axis=-1):
    total = mp.fsum(mp.exp(v) for v in x)
    return [v - mp.log(total) for v in x]


def _sparsemax(x, axis=-1):
    # Algorithm 1 of the paper.
    z = sorted(x, reverse=True)
    k = max(k for k in range(1, len(z) + 1) if 1 + k * z[k - 1] > mp.fsum(z[:k]))
    tau = (mp.fsum(z[:k]) - 1) / k
    return [max(v - tau, mp.mpf(0)) for v in x]


REFERENCES = {
    "celu": lambda x, alpha=1: x if x > 0 else alpha * mp.expm1(x / alpha),
    "elu": lambda x, alpha=1: x if x > 0 else alpha * mp.expm1(x),
    "exponential": mp.exp,
    "gelu": lambda x, approximate=False: _gelu_tanh(x) if approximate else x * _normal_cdf(x),
    "gelu_tanh": _gelu_tanh,
    "hard_shrink": lambda x, threshold=0.5: x if abs(x) > threshold else x * 0,
    "hard_sigmoid": lambda x: _clip(x + 3, 0, 6) / 6,
    "hard_sigmoid_legacy": lambda x: _clip(x / 5 + mp.mpf(1) / 2, 0, 1),
    "hard_silu": lambda x: x * _clip(x + 3, 0, 6) / 6,
    "hard_tanh": lambda x, min_val=-1, max_val=1: _clip(x, min_val, max_val),
    "identity": lambda x: x,
    "leaky_relu": lambda x, negative_slope=0.2: x if x > 0 else mp.mpf(negative_slope) * x,
    "lisht": lambda x: x * mp.tanh(x),
    "log_sigmoid": lambda x: -_log1p_exp(-x),
    "log_softmax": _log_softmax,
    "mish": lambda x: x * mp.tanh(_log1p_exp(x)),
    "quick_gelu": lambda x: x * _sigmoid(mp.mpf("1.702") * x),
    "relu": _relu,
    "relu2": lambda x: max(x, mp.mpf(0)) ** 2,
    "relu6": lambda x: _clip(x, 0, 6),
    "selu": _selu,
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "snake": lambda x, frequency=1: x + mp.sin(frequency * x) ** 2 / frequency,
    "soft_shrink": lambda x, threshold=0.5: mp.sign(x) * max(abs(x) - threshold, mp.mpf(0)),
    "softmax": _softmax,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "sparsemax": _sparsemax,
    "squareplus": _squareplus,
    "swish_beta": lambda x, beta=1: x * _sigmoid(beta * x),
    "tanh": mp.tanh,
    "tanh_shrink": _tanh_shrink,
}
