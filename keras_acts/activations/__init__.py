"""All activation functions by name, and `get`, `serialize` and `deserialize` as in `keras.activations`.

The files are named by what the field calls the functions; those over an axis are in `over_axis`. To add an activation,
declare it in one of them, with its name in `__all__`, and add its line to `tests/reference.py`; nothing else.
"""

from keras_acts.activations import (
    bumps_and_even,
    erf_gated,
    exponential_linear,
    normal_gated,
    other_gated,
    periodic,
    piecewise_linear,
    powers_of_relu,
    rectifiers,
    shrinkage,
    sigmoid_gated,
    sigmoids,
    softplus_like,
    surrogate_gradients,
    symmetric_logarithm,
    tanh_gated,
    tanh_like,
)
from keras_acts.activations.bumps_and_even import *
from keras_acts.activations.erf_gated import *
from keras_acts.activations.exponential_linear import *
from keras_acts.activations.normal_gated import *
from keras_acts.activations.other_gated import *
from keras_acts.activations.over_axis import grouped_softmax, rational_softmax, sparse_softmax, top_k, vectors
from keras_acts.activations.over_axis import softmax as _softmax
from keras_acts.activations.over_axis.grouped_softmax import *
from keras_acts.activations.over_axis.rational_softmax import *
from keras_acts.activations.over_axis.softmax import *
from keras_acts.activations.over_axis.sparse_softmax import *
from keras_acts.activations.over_axis.top_k import *
from keras_acts.activations.over_axis.vectors import *
from keras_acts.activations.periodic import *
from keras_acts.activations.piecewise_linear import *
from keras_acts.activations.piecewise_linear import abs as abs
from keras_acts.activations.powers_of_relu import *
from keras_acts.activations.rectifiers import *
from keras_acts.activations.shrinkage import *
from keras_acts.activations.sigmoid_gated import *
from keras_acts.activations.sigmoids import *
from keras_acts.activations.softplus_like import *
from keras_acts.activations.surrogate_gradients import *
from keras_acts.activations.symmetric_logarithm import *
from keras_acts.activations.tanh_gated import *
from keras_acts.activations.tanh_like import *
from keras_acts.core.resolve import deserialize, get, serialize
from keras_acts.core.resolve import names as _names

# `abs` is an attribute, but left out here: a star import must not shadow Python's own.
__all__ = ["deserialize", "get", "serialize"]
__all__ += rectifiers.__all__
__all__ += powers_of_relu.__all__
__all__ += piecewise_linear.__all__
__all__ += exponential_linear.__all__
__all__ += softplus_like.__all__
__all__ += sigmoids.__all__
__all__ += tanh_like.__all__
__all__ += symmetric_logarithm.__all__
__all__ += sigmoid_gated.__all__
__all__ += normal_gated.__all__
__all__ += erf_gated.__all__
__all__ += tanh_gated.__all__
__all__ += other_gated.__all__
__all__ += periodic.__all__
__all__ += shrinkage.__all__
__all__ += bumps_and_even.__all__
__all__ += surrogate_gradients.__all__
__all__ += _softmax.__all__
__all__ += rational_softmax.__all__
__all__ += grouped_softmax.__all__
__all__ += sparse_softmax.__all__
__all__ += top_k.__all__
__all__ += vectors.__all__


def __dir__() -> list[str]:
    return [*_names(), "deserialize", "get", "serialize"]
