"""The oracle: each activation in mpmath, written from its paper's formula and never from the declaration.

One line per activation, with the defaults that its source gives (paper, Keras, or the peer in the catalogue of the
survey); those of the declaration must be the same. `mp` works at the precision that the judge sets; `x` is exact. For
activations over an axis, `x` is the list of numbers along it.
"""

import math

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


def _selu(x, alpha=1.6732632423543772848170429916717, scale=1.0507009873554804934193349852946):
    # Constants as solved for in the paper's fixed-point equations, as the nearest floats.
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


def _pflu(x):
    # x (1 + x / sqrt(1 + x^2)) / 2 times its conjugate, as the sum cancels for x << 0 at any fixed precision.
    root = mp.sqrt(1 + x * x)
    return x * (1 + x / root) / 2 if x > 0 else x / (root * (root - x)) / 2


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


def _shares(weights):
    total = mp.fsum(weights)
    return [weight / total for weight in weights]


def _softmax_one(x, axis=-1):
    total = 1 + mp.fsum(mp.exp(v) for v in x)
    return [mp.exp(v) / total for v in x]


def _softpick(x, epsilon, axis=-1):
    total = mp.fsum(abs(mp.expm1(v)) for v in x) + mp.mpf(epsilon)
    return [max(mp.expm1(v), mp.mpf(0)) / total for v in x]


def _entmax(x, alpha, axis=-1):
    # Algorithm 1 of the paper, bisection for tau, by Python's numbers; then Newton's method for the rest of the digits.
    power = 1 / (mp.mpf(alpha) - 1)
    z = [(v - max(x)) / power for v in x]
    rough, rough_power = [float(v) for v in z], float(power)
    low, high = -1.0, -(len(z) ** (-1 / rough_power))
    for _ in range(45):
        middle = (low + high) / 2
        if math.fsum((v - middle) ** rough_power for v in rough if v > middle) >= 1:
            low = middle
        else:
            high = middle
    tau = mp.mpf(low)
    for _ in range(5):
        support = [v - tau for v in z if v > tau]
        tau += (mp.fsum(v**power for v in support) - 1) / (power * mp.fsum(v ** (power - 1) for v in support))
    return [max(v - tau, mp.mpf(0)) ** power for v in z]


def _largest(x, k):
    kept = sorted(range(len(x)), key=lambda i: (-x[i], i))[:k]
    return [v if i in kept else mp.mpf(0) for i, v in enumerate(x)]


def _stable(x):
    return x + 1 if x >= 0 else 1 / (1 - x)


def _simnorm(x, group_size, axis=-1):
    return [p for start in range(0, len(x), group_size) for p in _softmax(x[start : start + group_size])]


def _gaussian_topk(x, sparsity, axis=-1):
    if sparsity == 0:
        return x
    mean = mp.fsum(x) / len(x)
    std = mp.sqrt(mp.fsum((v - mean) ** 2 for v in x) / len(x))
    quantile = mp.sqrt(2) * mp.erfinv(2 * mp.mpf(sparsity) - 1)
    return [max(v - mean - quantile * std, mp.mpf(0)) for v in x]


def _squash(x, axis=-1):
    square = mp.fsum(v * v for v in x)
    return [v * mp.sqrt(square) / (1 + square) for v in x]


def _arctan_gate(x):
    # 1/2 + arctan(x) / pi; as arctan(-1/x) / pi for x < 0, where the sum cancels at any fixed precision.
    return mp.atan(-1 / x) / mp.pi if x < 0 else mp.mpf(1) / 2 + mp.atan(x) / mp.pi


def _tanhsoft(x, beta=0.6, gamma=1):
    # Beyond 100, tanh is 1 to 1e40 digits; mpmath takes no such numbers.
    return x * mp.tanh(beta * mp.exp(gamma * x)) if gamma * x < 100 else x


def _soft_exponential(x, alpha=0):
    if alpha >= 0:
        return mp.expm1(alpha * x) / alpha + alpha if alpha else x
    inside = 1 - mp.mpf(alpha) * (x + mp.mpf(alpha))
    return -mp.log(inside) / alpha if inside > 0 else mp.nan


def _soft_clipping(x, alpha=0.5):
    # The logarithm of the quotient as a difference of log1p, as 1 + exp(alpha x) rounds to 1 at any fixed precision.
    return (_log1p_exp(alpha * x) - _log1p_exp(alpha * (x - 1))) / alpha


def _xielu(x, alpha_p=0.8, alpha_n=0.8, beta=0.5):
    return (alpha_p * x + beta) * x if x > 0 else alpha_n * (mp.expm1(x) - x) + beta * x


def _erf(z):
    # Beyond 28, -1 or 1 to 340 digits, which no dtype sees; mpmath is slow there and takes no huge numbers.
    return mp.erf(z) if abs(z) < 28 else mp.sign(z)


def _exp(x):
    # Below minus a million, 0 to 400,000 digits; mpmath would take seconds to say so.
    return mp.exp(x) if x > -1e6 else mp.mpf(0)


def _exp_minus_exp(x):
    # exp(-exp(x)); beyond 9 it is 0 to 3,500 digits, and soon mpmath takes no such exponent.
    return mp.exp(-_exp(x)) if x < 9 else mp.mpf(0)


def _cloglog(x):
    # expm1, as 1 - exp(-exp(x)) cancels for x << 0 at any fixed precision.
    return -mp.expm1(-_exp(x)) if x < 9 else mp.mpf(1)


def _colu(x):
    # For x < 0 multiplied through by exp(x), which is x exp(x) / (exp(x) - x exp(-exp(x))): exp(-x) has no bound.
    if x < 0:
        return x * _exp(x) / (_exp(x) - x * _exp_minus_exp(x))
    return x / (1 - x * _exp(-x) * _exp_minus_exp(x))


def _smu(x, alpha, mu):
    # 1 + erf(z) as 2 Phi(z sqrt 2), as the sum cancels for z << 0 at any fixed precision.
    alpha = mp.mpf(alpha)
    return alpha * x + (1 - alpha) * x * _normal_cdf(mp.sqrt(2) * mu * (1 - alpha) * x)


def _bipolar(x, at_zero=1, surrogate=None, clip_value=1, beta=5, slope=25, alpha=2):
    return mp.sign(x) if x else mp.mpf(at_zero)


def _step(x, threshold=0, at_threshold=1, surrogate=None, clip_value=1, beta=5, slope=25, alpha=2):
    return mp.mpf(at_threshold if x == threshold else x > threshold)


def _ternarize(x, threshold=0.05, surrogate=None, clip_value=1, beta=5, slope=25, alpha=2):
    return mp.sign(x) if abs(x) >= threshold else x * 0


def _surrogate(u, surrogate, clip_value, beta, slope, alpha):
    if surrogate == "straight_through":
        return mp.one
    if surrogate == "clipped":  # arXiv:1602.02830, equation 4
        return mp.mpf(abs(u) <= clip_value)
    if surrogate == "triangular":  # arXiv:1808.00278, equation 8
        return 2 * (1 - abs(u)) if abs(u) < 1 else mp.zero
    if surrogate == "fast_sigmoid":
        return 1 / (1 + slope * abs(u)) ** 2
    if surrogate == "atan":
        return mp.mpf(alpha) / 2 / (1 + (mp.pi * u * alpha / 2) ** 2)
    # Of the others nothing is left beyond 5000: 2000 digits after the point.
    z = u * {"swish_sign": beta, "sigmoid": slope}[surrogate]
    if abs(z) > 5000:
        return mp.zero
    if surrogate == "swish_sign":  # arXiv:1812.11800, equation 4
        return beta * (2 - z * mp.tanh(z / 2)) / (1 + mp.cosh(z))
    return slope * mp.exp(-z) / (1 + mp.exp(-z)) ** 2


REFERENCES = {
    "abs": abs,
    "acon_c": lambda x, p1=1, p2=0, beta=1: (mp.mpf(p1) - p2) * x * _sigmoid(beta * (mp.mpf(p1) - p2) * x) + p2 * x,
    "asinh": lambda x: mp.asinh(x),
    "atan": lambda x: mp.atan(x),
    "atlu": lambda x: x * _arctan_gate(x),
    "b_silu": lambda x, alpha=1.67: (x + alpha) * _sigmoid(x) - mp.mpf(alpha) / 2,
    "bent_identity": lambda x: (mp.sqrt(x * x + 1) - 1) / 2 + x,
    "biased_shrink": lambda x, threshold=0.5, bias=0: x - mp.sign(x) * bias if abs(x) > threshold else x * 0,
    "bipolar": _bipolar,
    "celu": lambda x, alpha=1: x if x > 0 else alpha * mp.expm1(x / alpha),
    "clipped_gelu": lambda x, max_val=10: min(x * _normal_cdf(x), mp.mpf(max_val)),
    "cloglog": _cloglog,
    "colu": _colu,
    "cos": lambda x: mp.cos(x),
    "elish": lambda x: (x if x >= 0 else mp.expm1(x)) * _sigmoid(x),
    "elliott": lambda x: x / (1 + abs(x)) / 2 + mp.mpf(1) / 2,
    "elu": lambda x, alpha=1: x if x > 0 else alpha * mp.expm1(x),
    "elu_plus_one": lambda x: x + 1 if x > 0 else mp.exp(x),
    "entmax": lambda x, alpha=1.5, axis=-1: _entmax(x, alpha),
    "entmax15": lambda x, axis=-1: _entmax(x, 1.5),
    "erf": _erf,
    "erfact": lambda x, alpha=0.75, beta=0.75: x * (_erf(alpha * _exp(beta * x)) if beta * x < 100 else 1),
    "exp_sigmoid": lambda x, exponent=10, max_value=2, threshold=1e-7: (
        max_value * _sigmoid(x) ** mp.log(exponent) + mp.mpf(threshold)
    ),
    "exponential": lambda x: mp.exp(x),
    "finer": lambda x, w0=30: mp.sin(w0 * (abs(x) + 1) * x),
    "flatten_t_swish": lambda x, T=-0.2: (x * _sigmoid(x) if x > 0 else 0) + mp.mpf(T),
    "gaussian": lambda x, sigma=1: _exp(-x * x / (2 * mp.mpf(sigma) ** 2)),
    "gaussian_topk": lambda x, sparsity=0.95, axis=-1: _gaussian_topk(x, sparsity),
    "gcu": lambda x: x * mp.cos(x),
    "gelu": lambda x, approximate=False: _gelu_tanh(x) if approximate else x * _normal_cdf(x),
    "gelu_tanh": _gelu_tanh,
    "gish": lambda x: x * mp.log1p(_cloglog(x)),
    "golu": lambda x, alpha=1, beta=1, gamma=1: alpha * x * _exp_minus_exp(mp.log(beta) - gamma * x),
    "hard_elish": lambda x: (x if x >= 0 else mp.expm1(x)) * _clip((x + 1) / 2, 0, 1),
    "hard_mish": lambda x: x * _clip(x + 2, 0, 2) / 2,
    "hard_shrink": lambda x, threshold=0.5: x if abs(x) > threshold else x * 0,
    "hard_sigmoid": lambda x: _clip(x + 3, 0, 6) / 6,
    "hard_sigmoid_legacy": lambda x, alpha=0.2, beta=0.5: _clip(alpha * x + beta, 0, 1),
    "hard_silu": lambda x: x * _clip(x + 3, 0, 6) / 6,
    "hard_tanh": lambda x, min_val=-1, max_val=1: _clip(x, min_val, max_val),
    "hardmax": lambda x, axis=-1: [mp.mpf(i == x.index(max(x))) for i in range(len(x))],
    "identity": lambda x: x,
    "isrlu": lambda x, alpha=1: x if x >= 0 else x / mp.sqrt(1 + alpha * x * x),
    "isru": lambda x, alpha=1: x / mp.sqrt(1 + alpha * x * x),
    "jump_relu": lambda x, threshold=0.001: x if x > threshold else x * 0,
    "kwta": lambda x, k=32, axis=-1: _largest(x, k),
    "laplace_lu": lambda x: x * (mp.exp(x) / 2 if x < 0 else 1 - mp.exp(-x) / 2),
    "leaky_relu": lambda x, negative_slope=0.2: x if x > 0 else mp.mpf(negative_slope) * x,
    "lecun_tanh": lambda x: mp.mpf("1.7159") * mp.tanh(2 * x / 3),
    "lisht": lambda x: x * mp.tanh(x),
    "log_sigmoid": lambda x: -_log1p_exp(-x),
    "log_softmax": _log_softmax,
    "logish": lambda x: x * mp.log1p(_sigmoid(x)),
    "mega_laplace": lambda x, mu=0.707107, sigma=0.282095: _normal_cdf((x - mp.mpf(mu)) / sigma),
    "mish": lambda x: x * mp.tanh(_log1p_exp(x)),
    "mpelu": lambda x, alpha=0.25, beta=1: x if x > 0 else alpha * mp.expm1(beta * x),
    "multiquadric": lambda x, center=0, width=1: mp.sqrt((x - center) ** 2 + mp.mpf(width) ** 2),
    "nl_relu": lambda x, beta=1: mp.log1p(beta * x) if x > 0 else x * 0,
    "pelu": lambda x, alpha=1, beta=1: alpha * x / beta if x >= 0 else alpha * mp.expm1(x / beta),
    "penalized_tanh": lambda x, alpha=0.25: mp.tanh(x) if x >= 0 else alpha * mp.tanh(x),
    "pflu": _pflu,
    "phish": lambda x: x * mp.tanh(x * _normal_cdf(x)),
    "plu": lambda x, alpha=0.1, c=1: max(alpha * (x + c) - c, min(alpha * (x - c) + c, x)),
    "pserf": lambda x, gamma=1.25, delta=0.85: x * _erf(gamma * _softplus(delta * x)),
    "q_relu": lambda x: x if x > 0 else mp.mpf("0.01") * x - 2 * x,
    "quick_gelu": lambda x: x * _sigmoid(mp.mpf("1.702") * x),
    "relu": _relu,
    "relu2": lambda x: max(x, mp.mpf(0)) ** 2,
    "relu6": lambda x: _clip(x, 0, 6),
    "relu_n": lambda x, max_value=1: _clip(x, 0, max_value),
    "rep_u": lambda x, power=3: max(x, mp.mpf(0)) ** power,
    "richards_swish": lambda x, alpha=1.5, beta=2: x * _sigmoid(beta * x) ** alpha,
    "scaled_silu": lambda x, beta=1.375: beta * x * _sigmoid(x),
    "seagull": lambda x: mp.log1p(x * x),
    "selu": _selu,
    "serf": lambda x: x * _erf(_softplus(x)),
    "shifted_softplus": lambda x: mp.log((1 + mp.exp(x)) / 2),
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "simnorm": lambda x, group_size=8, axis=-1: _simnorm(x, group_size),
    "sin": lambda x, w0=1: mp.sin(w0 * x),
    "sine_relu": lambda x, epsilon=0.0025: max(x, epsilon * (mp.sin(x) - mp.cos(x))),
    "sinlu": lambda x, alpha=1, beta=1: (x + alpha * mp.sin(beta * x)) * _sigmoid(x),
    "smish": lambda x, alpha=1, beta=1: alpha * x * mp.tanh(mp.log1p(_sigmoid(beta * x))),
    "smu": lambda x, alpha=0.01, mu=2.5: _smu(x, alpha, mu),
    "snake": lambda x, frequency=1: x + mp.sin(frequency * x) ** 2 / frequency,
    "soft_clipping": _soft_clipping,
    "soft_exponential": _soft_exponential,
    "soft_shrink": lambda x, threshold=0.5: mp.sign(x) * max(abs(x) - threshold, mp.mpf(0)),
    "softcap": lambda x, cap=30: cap * mp.tanh(x / cap),
    "softmax": _softmax,
    "softmax2d": _softmax,
    "softmax_one": _softmax_one,
    "softmin": lambda x, axis=-1: _softmax([-v for v in x]),
    "softpick": lambda x, epsilon=1e-6, axis=-1: _softpick(x, epsilon),
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "solu": lambda x, axis=-1: [v * p for v, p in zip(x, _softmax(x), strict=True)],
    "sparse_plus": lambda x: x * 0 if x <= -1 else (x + 1) ** 2 / 4 if x < 1 else x,
    "sparse_sigmoid": lambda x: _clip((x + 1) / 2, 0, 1),
    "sparsemax": _sparsemax,
    "sqnl": lambda x: mp.sign(x) if abs(x) > 2 else x - mp.sign(x) * x * x / 4,
    "sqrt_softplus": lambda x: mp.sqrt(_log1p_exp(x)),
    "square": lambda x: x * x,
    "squared_leaky_relu": lambda x, negative_slope=0.5: (x if x > 0 else mp.mpf(negative_slope) * x) ** 2,
    "squareplus": _squareplus,
    "squash": _squash,
    "stablemax": lambda x, axis=-1: _shares([_stable(v) for v in x]),
    "star_relu": lambda x, scale=0.8**0.5, bias=-(0.2**0.5): scale * max(x, mp.mpf(0)) ** 2 + bias,
    "step": _step,
    "swish_beta": lambda x, beta=1: x * _sigmoid(beta * x),
    "swish_t": lambda x, alpha=0.1, beta=1: _sigmoid(beta * x) * (x + 2 * alpha / mp.mpf(beta)) - alpha / mp.mpf(beta),
    "swoosh_l": lambda x: _log1p_exp(x - 4) - 0.08 * x - 0.035,
    "swoosh_r": lambda x: _log1p_exp(x - 1) - 0.08 * x - 0.313261687,
    "symexp": lambda x: mp.sign(x) * mp.expm1(abs(x)),
    "symlog": lambda x: mp.sign(x) * mp.log1p(abs(x)),
    "tanh": lambda x: mp.tanh(x),
    "tanh_exp": lambda x: _tanhsoft(x, beta=1, gamma=1),
    "tanh_shrink": _tanh_shrink,
    "tanhsoft": _tanhsoft,
    "taylor_softmax": lambda x, axis=-1: _shares([1 + v + v * v / 2 for v in x]),
    "ternarize": _ternarize,
    "threshold": lambda x, threshold=0, value=0: x if x > threshold else mp.mpf(value),
    "thresholded_relu": lambda x, threshold=1: x if x > threshold else x * 0,
    "topk_relu": lambda x, k=32, axis=-1: [max(v, mp.mpf(0)) for v in _largest(x, k)],
    "trunc_exp": _exp,
    "xatlu": lambda x, alpha=0: x * ((1 + 2 * alpha) * _arctan_gate(x) - alpha),
    "xgelu": lambda x, alpha=0: x * (_normal_cdf(x) * (1 + 2 * mp.mpf(alpha)) - mp.mpf(alpha)),
    "xielu": _xielu,
    "xsilu": lambda x, alpha=0: x * ((1 + 2 * alpha) * _sigmoid(x) - alpha),
}

# What a surrogate gradient has in place of the derivative, as its source writes it.
SURROGATES = {
    "bipolar": lambda x, at_zero, **params: _surrogate(x, **params),
    "step": lambda x, threshold, at_threshold, **params: _surrogate(x - threshold, **params),
    "ternarize": lambda x, threshold, **params: _surrogate(x, **params),
    "trunc_exp": lambda x: mp.exp(_clip(x, -15, 15)),
}
