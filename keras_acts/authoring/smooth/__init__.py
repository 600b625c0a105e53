"""Activations as smooth approximations of a step, of |x|, of relu or of a maximum.

    H(x), sign(x)   <- step, unit_step          max(a, b)  <- softmax2, smooth_maximum, log_sum_exp
    relu = x H(x)   <- gate, integral           any of them, leaky or sharper  <- leak, sharpen
    |x| = x sign(x) <- softabs

Each takes formulas, names of `STEPS` or activations, and returns an activation made by `keras_acts.define`: a string in
any layer, saved as its formula. With trainable parameters it becomes a layer:

>>> f = gate("sigmoid(beta*x), beta=1.5")
>>> layer = keras_acts.define(f.formula, params=f.all_params, trainable=["beta"])
"""

from keras_acts.authoring.smooth.asymptotes import SHARP, SharpLimit, sharp_limit
from keras_acts.authoring.smooth.constructions import *
from keras_acts.authoring.smooth.distance import Convergence, Distance, convergence, distance
from keras_acts.authoring.smooth.fitting import Fit, fit
from keras_acts.authoring.smooth.steps import STEPS, integral, sharpen, step, unit_step

__all__ = ["SHARP", "STEPS", "Convergence", "Distance", "Fit", "SharpLimit", "convergence", "distance", "fit"]
__all__ += ["gate", "integral", "leak", "log_sum_exp", "noisy_relu_mean", "sharp_limit", "sharpen"]
__all__ += ["smooth_maximum", "softabs", "softmax2", "step", "unit_step"]
