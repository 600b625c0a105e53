"""All activation functions by name, and `get`, `serialize` and `deserialize` as in `keras.activations`.

One file per family holds the declarations. To add an activation, declare it there and add its line to
`tests/reference.py`; nothing else.
"""

from keras_acts.activations.arctan_family import *
from keras_acts.activations.bump_family import *
from keras_acts.activations.double_exponential_family import *
from keras_acts.activations.elu_family import *
from keras_acts.activations.error_function_family import *
from keras_acts.activations.exponential_family import *
from keras_acts.activations.exponential_gate_family import *
from keras_acts.activations.gated_family import *
from keras_acts.activations.gelu_family import *
from keras_acts.activations.logarithmic_family import *
from keras_acts.activations.nested_gate_family import *
from keras_acts.activations.normal_gate_family import *
from keras_acts.activations.oscillating_family import *
from keras_acts.activations.parametric_elu_family import *
from keras_acts.activations.periodic_family import *
from keras_acts.activations.piecewise_family import *
from keras_acts.activations.polynomial_family import *
from keras_acts.activations.ranking_family import *
from keras_acts.activations.rectified_family import *
from keras_acts.activations.relu_family import *
from keras_acts.activations.rescaled_family import *
from keras_acts.activations.root_family import *
from keras_acts.activations.shrink_family import *
from keras_acts.activations.sigmoid_family import *
from keras_acts.activations.softmax_family import *
from keras_acts.activations.softplus_family import *
from keras_acts.activations.sparse_axis_family import *
from keras_acts.activations.squashing_family import *
from keras_acts.activations.swish_family import *
from keras_acts.activations.tanh_family import *
from keras_acts.activations.threshold_family import *
from keras_acts.activations.vector_family import *
from keras_acts.core.resolve import deserialize as deserialize
from keras_acts.core.resolve import get as get
from keras_acts.core.resolve import names as _names
from keras_acts.core.resolve import serialize as serialize


def __dir__() -> list[str]:
    return [*_names(), "deserialize", "get", "serialize"]
