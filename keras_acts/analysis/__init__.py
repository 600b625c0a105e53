"""Measuring an activation: its curve, expectations under a normal distribution, gains, and signals in deep networks.

Everything is computed in float64, on any backend, for the activations of keras_acts and for other elementwise callables
and layers. Nothing here initializes a layer; `keras_acts.initializers` is built on it.

>>> round(keras_acts.analysis.gain("gelu"), 6)
1.53353
"""

from keras_acts.analysis.analyze import Affine, Analysis, analyze
from keras_acts.analysis.elementwise import Elementwise
from keras_acts.analysis.fixed_points import CriticalPoint, SeluConstants, Statistics, selu_constants, statistics
from keras_acts.analysis.gain import gain
from keras_acts.analysis.gradients import derivatives
from keras_acts.analysis.landmarks import Extremum, Landmarks, Seam, landmarks
from keras_acts.analysis.propagation import Propagation, propagate
from keras_acts.analysis.quadrature import expectation
from keras_acts.analysis.signals import FixedPoint, Signals, edge_of_chaos, signals

__all__ = ["Affine", "Analysis", "CriticalPoint", "Elementwise", "Extremum", "FixedPoint", "Landmarks", "Propagation"]
__all__ += ["Seam", "SeluConstants", "Signals", "Statistics", "analyze", "derivatives", "edge_of_chaos", "expectation"]
__all__ += ["gain", "landmarks", "propagate", "selu_constants", "signals", "statistics"]
