"""Gates made of an exponential of an exponential.

All decay doubly on one side: a factor that grows as fast as z = exp(x) must meet exp(-z) before that vanishes.
"""

from keras import ops

from keras_acts.core import numerics as nx

TOP = 10.0  # beyond z = exp(10), exp(-z) is 0 in every dtype


def exponent(x):
    """x, clipped to where exp(x) is not too large and exp(-exp(x)) is not yet constant."""
    return ops.clip(x, -nx.FAR, TOP)


def growing(x):
    """exp(max(x, 0)), which with exp(min(x, 0)) makes exp(x)."""
    return ops.exp(ops.maximum(x, 0.0))
