"""The two rules that every activation is computed by: written derivatives, and half precision rounded once.

- An activation body and its derivative see float32 or float64. Half precision is upcast before and rounded once after.
- A derivative is written out where autodiff would cancel, overflow or keep more than one input-sized tensor. It is
  recomputed from x in the backward pass, so x is the only tensor kept.
"""

import contextvars
import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_acts.core import form, islands

# What activations are written with.
__all__ = ["Tensor", "upcast", "with_derivative", "with_partials", "with_symmetric_jacobian"]

FLOAT_DTYPES = ("float16", "bfloat16", "float32", "float64")
HALF_DTYPES = ("float16", "bfloat16")

Tensor = Any
Function = Callable[..., Tensor]
Pullback = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]
Pushforward = Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Tensor]

# In TensorFlow, the graph in which the value of a rule is being computed; None in eager mode.
_GRAPH_OF_VALUE: contextvars.ContextVar[Any] = contextvars.ContextVar("graph", default="no rule's")


def floating_dtype(x: Tensor, what: str) -> str:
    """The dtype of x, which the caller calls `what`.

    Raises:
        TypeError: if it is not one of FLOAT_DTYPES.
    """
    dtype = keras.backend.standardize_dtype(x.dtype)
    if dtype not in FLOAT_DTYPES:
        raise TypeError(
            f"{what} must have a floating-point dtype ({', '.join(FLOAT_DTYPES)}). "
            f"Received: dtype={dtype}. Cast it first: keras.ops.cast(x, 'float32')"
        )
    return dtype


def as_is(function: Function) -> Function:
    """`function` itself: the other way of rounding."""
    return function


def upcast(function: Function) -> Function:
    """`function` computed in float32 for half-precision tensors, and rounded once at the end."""

    def in_float32(*tensors: Tensor) -> Tensor:
        dtype = keras.backend.standardize_dtype(tensors[0].dtype)
        if dtype not in HALF_DTYPES:
            return function(*tensors)
        return ops.cast(function(*(ops.cast(tensor, "float32") for tensor in tensors)), dtype)

    return in_float32


def custom_rule(value: Function, pullback: Pullback, pushforward: Pushforward, *, fusible: bool = False) -> Function:
    """`value(*arguments)` with a derivative rule of its own on every backend, as often differentiable as the rule is.

    Args:
        value: a function of tensors.
        pullback: `pullback(upstream, arguments)` gives the gradient of each argument.
        pushforward: `pushforward(tangents, arguments)` gives the tangent of the value, for JAX: its rule must be one
            of forward mode, or forward mode would not work. Both are the same linear map.
        fusible: value and pullback may be compiled islands.
    """
    rule = _rule_of_backend(value, pullback, pushforward, fusible)
    # No target of the portable form knows rules, and symbolic tensors of Keras refuse them.
    return lambda *arguments: (value if form.is_portable() else rule)(*arguments)


def _rule_of_backend(value: Function, pullback: Pullback, pushforward: Pushforward, fusible: bool) -> Function:
    if keras.backend.backend() == "jax":
        import jax

        function = jax.custom_jvp(value)
        function.defjvp(  # the cast, as Keras makes float32 of some float64 values that a user's body may compute
            lambda primals, tangents: ((y := function(*primals)), ops.cast(pushforward(tangents, primals), y.dtype))
        )
        return function
    if keras.backend.backend() == "torch":
        return functools.partial(_torch_function().apply, value, pullback, pushforward)

    import tensorflow as tf

    try:
        from tensorflow.python.eager import record
    except ImportError:  # TensorFlow has moved it: forward mode is then right to fewer digits
        return ops.custom_gradient(lambda *xs: (value(*xs), lambda upstream: pullback(upstream, xs)))

    @functools.cache
    def fused() -> tuple[Function, Pullback]:
        return islands.island(value), islands.island(pullback)

    def with_rule(*arguments: Tensor) -> Tensor:
        """The value of arguments that nobody watches: `ForwardAccumulator` would differentiate its parts."""
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        # Taking a tensor into a graph is an operation that must be recorded.
        arguments = tuple(map(tf.convert_to_tensor if graph is None else tf.identity, arguments))
        is_part = _GRAPH_OF_VALUE.get() is graph and not record.should_record_backprop(arguments)
        if is_part or (graph is None and not record.could_possibly_record()):
            return value(*arguments)  # which nobody differentiates
        of_value, of_gradient = fused() if fusible and islands.are_wanted() else (value, pullback)
        context = contextvars.copy_context()
        context.run(_GRAPH_OF_VALUE.set, graph)
        output = context.run(of_value, *map(tf.stop_gradient, arguments))
        if graph is not None:  # whose gradient may be taken later
            with record.stop_recording():
                output = ops.custom_gradient(lambda *_: (output, lambda v: of_gradient(v, arguments)))(*arguments)
        record.record_operation("rule", [output], arguments, lambda upstream: of_gradient(upstream, arguments))
        return output

    return with_rule


def custom_gradient(function: Function) -> Function:
    """That of Keras, for gradients that are no linear map of the upstream; portable, the value alone."""
    rule = ops.custom_gradient(function)
    return lambda *arguments: function(*arguments)[0] if form.is_portable() else rule(*arguments)


@functools.cache
def _torch_function() -> Any:
    """The rule of torch for all functions: Keras' own gives neither forward mode nor torch.func."""
    import torch

    class CustomRule(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(value: Function, pullback: Pullback, pushforward: Pushforward, *arguments: Tensor) -> Tensor:
            output = value(*arguments)
            # torch refuses an argument itself, and a view of it in forward mode.
            return output.clone() if any(output is each for each in arguments) else output

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
            _, ctx.pullback, ctx.pushforward, *arguments = inputs
            ctx.save_for_backward(*arguments)
            ctx.save_for_forward(*arguments)

        @staticmethod
        def backward(ctx: Any, upstream: Tensor) -> Any:
            return None, None, None, *ctx.pullback(upstream, ctx.saved_tensors)

        @staticmethod
        def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
            return ctx.pushforward(tangents[3:], ctx.saved_tensors)

    return CustomRule


# `connected(y, *arguments)` is y. Where a backend would find that it does not depend on the arguments, its derivative
# is 0 and not None.
connected = custom_rule(lambda y, *_: y, lambda v, xs: (v, *map(ops.zeros_like, xs[1:])), lambda dy, _: 1.0 * dy[0])


def never_missing(x: Tensor) -> Tensor:
    """`x` itself; second derivatives of what is computed from it are 0 where backends find None."""
    return custom_rule(lambda x: x, lambda upstream, xs: (connected(upstream, *xs),), lambda dx, _: 1.0 * dx[0])(x)


def symmetric_rule(value: Function, product: Function, *, fusible: bool = False) -> Function:
    """`value(x)`, whose Jacobian is symmetric and times v is `product(v, x)`."""
    return custom_rule(
        value,
        lambda upstream, arguments: (product(upstream, *arguments),),
        lambda tangents, arguments: product(*tangents, *arguments),
        fusible=fusible,
    )


def with_symmetric_jacobian(product: Function) -> Callable[[Function], Function]:
    """Decorator: the Jacobian of the decorated `f(x, **params)` is symmetric; times v it is `product(v, x, **params)`.

    The product must be linear in v and differentiable in x, for second derivatives. Parameters are Python scalars.
    """

    def decorate(value: Function) -> Function:
        @functools.wraps(value)
        def function(x: Tensor, *args: Any, **params: Any) -> Tensor:
            return symmetric_rule(lambda x: value(x, *args, **params), lambda v, x: product(v, x, *args, **params))(x)

        return function

    return decorate


def with_derivative(derivative: Function) -> Callable[[Function], Function]:
    """Decorator: the derivative of the decorated `f(x, **params)` is `derivative(x, **params)`.

    For primitives and for derivatives themselves, so that second derivatives are written too. Parameters are Python
    scalars.
    """
    return with_symmetric_jacobian(lambda v, x, *args, **params: v * derivative(x, *args, **params))


def with_partials(partials: Callable[..., tuple[Tensor, ...]]) -> Callable[[Function], Function]:
    """Decorator: the derivatives of the decorated `f(x, *weights)` are `partials(x, *weights)`, one for each argument.

    The weights broadcast against x, and the result has the shape of x. All tensors have one dtype, float32 or wider, in
    which the gradient of a weight is summed. Only x and the weights are kept for the backward pass.
    """

    def pullback(upstream: Tensor, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        pairs = zip(partials(*arguments), arguments, strict=True)
        return tuple(_summed_to(upstream * connected(partial, *arguments), argument) for partial, argument in pairs)

    def pushforward(tangents: tuple[Tensor, ...], arguments: tuple[Tensor, ...]) -> Tensor:
        return sum(partial * tangent for partial, tangent in zip(partials(*arguments), tangents, strict=True))

    def decorate(value: Function) -> Function:
        return functools.wraps(value)(custom_rule(value, pullback, pushforward, fusible=True))

    return decorate


def _summed_to(gradient: Tensor, argument: Tensor) -> Tensor:
    """The gradient of a broadcast argument: summed over the axes along which it was repeated."""
    extra = len(gradient.shape) - len(argument.shape)
    repeated = [
        extra + axis for axis, size in enumerate(argument.shape) if size == 1 and gradient.shape[extra + axis] != 1
    ]
    if repeated:
        gradient = ops.sum(gradient, axis=repeated, keepdims=True)
    return ops.sum(gradient, axis=tuple(range(extra))) if extra else gradient
