"""Measuring an activation: values and derivatives, expectations under a normal distribution, gains and fixed points.

Everything is computed in float64, on any backend, for the activations of keras_acts and for other elementwise callables
and layers. Nothing here initializes a layer; `keras_acts.initializers` is built on it.

>>> round(keras_acts.analysis.gain("gelu"), 6)
1.53353
"""

from keras_acts.analysis.elementwise import Elementwise
from keras_acts.analysis.fixed_points import CriticalPoint, SeluConstants, Statistics, selu_constants, statistics
from keras_acts.analysis.gain import gain
from keras_acts.analysis.gradients import derivatives
from keras_acts.analysis.quadrature import expectation

__all__ = ["CriticalPoint", "Elementwise", "SeluConstants", "Statistics", "derivatives", "expectation", "gain"]
__all__ += ["selu_constants", "statistics"]
