"""What the theory of wide random networks predicts for the gradients of a network before training."""

import numpy as np

from keras_acts.initializers.elementwise import Elementwise, as_function
from keras_acts.initializers.statistics import statistics


def kernel_gradients(activation: str, layers: int, *, paired: bool) -> np.ndarray:
    """Relative gradient norms of the kernels of a dense network of equally wide layers, before training.

    The variance of pre-activations q goes forwards by q -> gain^2 E f(sqrt(q) z)^2, from 1 in the first layer; that of
    gradients goes backwards by gain^2 E f'(sqrt(q) z)^2. A kernel's gradient is the product of what comes in and what
    comes back. One value for all layers means that gradients neither vanish nor explode.

    Args:
        activation: name or spec string, elementwise.
        layers: number of hidden layers.
        paired: True for kernels with the activation's own gain, False for gain 1 (Keras' default between layers of
            one width).

    Returns:
        One positive number for each hidden layer but the first, whose input is data: shape (layers - 1,). The last one
        is 1.

    Raises:
        ValueError: for an unknown activation, or one without finite moments.

    Example:
        >>> kernel_gradients("relu", 5, paired=True).round(6).tolist()
        [1.0, 1.0, 1.0, 1.0]
        >>> kernel_gradients("relu", 3, paired=False).round(6).tolist()  # forwards and backwards by 1 / sqrt(2)
        [1.0, 1.0]

    Reference:
        arXiv:1611.01232, Deep Information Propagation.
    """
    power = statistics(activation).gain ** 2 if paired else 1.0
    measured = Elementwise(as_function(activation))
    variances = [1.0]
    for _ in range(layers - 1):
        variances.append(power * measured.moments(variance=variances[-1])[1])
    incoming = np.array([measured.moments(variance=variance)[1] for variance in variances[:-1]])
    slopes = np.array([power * measured.slope_moment(variance) for variance in variances[1:]])
    # The gradient with respect to the pre-activations of a layer has passed its own activation and all later ones.
    backwards = np.cumprod(slopes[::-1])[::-1]
    norms = np.sqrt(incoming * backwards)
    return norms / norms[-1]
