"""The one place where a gradient is taken: value and derivatives of a function of one tensor, on every backend."""

from collections.abc import Callable
from typing import Any

import keras

__all__ = ["by_each", "derivatives"]

Tensor = Any
Function = Callable[[Tensor], Tensor]


def derivatives(function: Function, x: Tensor, orders: int = 1) -> list[Tensor]:
    """f(x), f'(x) and so on up to the derivative of order `orders`, eagerly or inside of a compiled function.

    Args:
        function: elementwise: each output depends on one element of the input.
        x: float tensor of the backend, of any shape.
        orders: how many derivatives, an int >= 0. With 0, `function` may be written with NumPy.

    Returns:
        `orders + 1` tensors of the shape and dtype of x. A function that does not depend on x has the derivative 0.

    Raises:
        TypeError: if a derivative is asked of a function that is not written with the operations of the backend.
        NotImplementedError: if the backend takes no derivatives.

    Example:
        >>> [float(y) for y in derivatives(lambda x: x * x * x, keras.ops.convert_to_tensor(2.0), orders=2)]
        [8.0, 12.0, 12.0]
    """
    if orders == 0:
        return [function(x)]
    backend = keras.backend.backend()
    if backend not in _BY_BACKEND:
        raise NotImplementedError(
            f"Derivatives need the {', '.join(_BY_BACKEND)} backend of Keras. Received: backend {backend!r}"
        )
    return _BY_BACKEND[backend](function, x, orders)


def _tensorflow(function: Function, x: Tensor, orders: int) -> list[Tensor]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        results = derivatives(function, x, orders - 1)
    if not tf.is_tensor(results[-1]):  # NumPy arithmetic: the gradient would silently be 0
        raise TypeError(
            "A derivative needs an activation written with keras.ops or TensorFlow. "
            f"Received: {function!r}, which returns {type(results[-1]).__name__}"
        )
    return [*results, tape.gradient(results[-1], x, unconnected_gradients="zero")]


def _jax(function: Function, x: Tensor, orders: int) -> list[Tensor]:
    import jax

    functions = [function]
    for _ in range(orders):
        functions.append(jax.grad(lambda x, last=functions[-1]: last(x).sum()))
    return [each(x) for each in functions]


def _torch(function: Function, x: Tensor, orders: int) -> list[Tensor]:
    import torch

    x = x.detach().requires_grad_()
    results = [function(x)]
    for _ in range(orders):
        if not results[-1].requires_grad:  # constant in x
            results.append(torch.zeros_like(x))
            continue
        (derivative,) = torch.autograd.grad(results[-1].sum(), x, create_graph=True, materialize_grads=True)
        results.append(derivative)
    return results


_BY_BACKEND = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def by_each(
    function: Callable[[Any], tuple[Tensor, Any]], points: list[list[Tensor]]
) -> tuple[list[list[Tensor]], Any]:
    """The gradient of a number by each of many tensors, and what the function gives beside that number.

    Args:
        function: of lists like `points`; gives the number, and anything else.
        points: lists of float tensors.

    Returns:
        Lists of gradients like `points`, 0 where the number does not depend on a tensor, and the rest of the result.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.grad(function, has_aux=True)(points)
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(points)
            number, rest = function(points)
        return tape.gradient(number, points, unconnected_gradients="zero"), rest
    import torch

    points = [[each.detach().requires_grad_() for each in some] for some in points]
    number, rest = function(points)
    flat = [each for some in points for each in some]
    found = iter(torch.autograd.grad(number, flat, allow_unused=True, materialize_grads=True))
    return [[next(found) for _ in some] for some in points], rest
