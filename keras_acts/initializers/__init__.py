"""Initializers that fit the activation, and the numbers they come from.

`keras_acts.paired("gelu")` gives a layer its activation, kernel and bias initializer in one go. The rest is for looking
closer: `statistics` says whether a deep network keeps its signal, `gain` by which factor weights must grow.

>>> keras.layers.Dense(64, kernel_initializer="keras_acts>mish")  # doctest: +ELLIPSIS
<Dense name=..., built=False>
"""

from keras_acts.analysis import CriticalPoint, SeluConstants, Statistics, gain, selu_constants, statistics
from keras_acts.core import keras_bridge as _keras_bridge
from keras_acts.initializers import strings as _strings
from keras_acts.initializers.fan_in_uniform import FanInUniform
from keras_acts.initializers.lsuv import lsuv
from keras_acts.initializers.paired import paired
from keras_acts.initializers.scaling import ActivationScaling, DepthwiseVarianceScaling
from keras_acts.initializers.siren import Siren
from keras_acts.initializers.standardize import StandardizedActivation, standardize

__all__ = ["ActivationScaling", "CriticalPoint", "DepthwiseVarianceScaling", "FanInUniform", "SeluConstants", "Siren"]
__all__ += [
    "StandardizedActivation",
    "Statistics",
    "gain",
    "lsuv",
    "paired",
    "selu_constants",
    "standardize",
    "statistics",
]

_keras_bridge.resolve_initializers(_strings.from_string)
