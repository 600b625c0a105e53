"""Initializers that fit the activation, and the numbers they come from.

`keras_acts.paired("gelu")` gives a layer its activation, kernel and bias initializer in one go. The rest is for looking
closer: `statistics` says whether a deep network keeps its signal, `gain` by which factor weights must grow.

>>> keras.layers.Dense(64, kernel_initializer="keras_acts>mish")  # doctest: +ELLIPSIS
<Dense name=..., built=False>
"""

from keras_acts.core import keras_bridge as _keras_bridge
from keras_acts.initializers import strings as _strings
from keras_acts.initializers.fixed_point import SeluConstants as SeluConstants
from keras_acts.initializers.fixed_point import selu_constants as selu_constants
from keras_acts.initializers.gain import gain as gain
from keras_acts.initializers.lsuv import lsuv as lsuv
from keras_acts.initializers.paired import paired as paired
from keras_acts.initializers.scaling import ActivationScaling as ActivationScaling
from keras_acts.initializers.scaling import DepthwiseVarianceScaling as DepthwiseVarianceScaling
from keras_acts.initializers.siren import Siren as Siren
from keras_acts.initializers.standardize import StandardizedActivation as StandardizedActivation
from keras_acts.initializers.standardize import standardize as standardize
from keras_acts.initializers.statistics import CriticalPoint as CriticalPoint
from keras_acts.initializers.statistics import Statistics as Statistics
from keras_acts.initializers.statistics import statistics as statistics

_keras_bridge.resolve_initializers(_strings.from_string)
