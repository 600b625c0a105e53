"""`@activation`: declare an activation once. With what a declaration is written with: `Param` and `positive`."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace as copy_with
from types import MappingProxyType
from typing import Any, ParamSpec, Protocol, TypeVar, cast, get_args

from keras_acts.core import keras_bridge, spec
from keras_acts.core.activation import Activation, Formula, activations
from keras_acts.core.params import Param, Trait, positive
from keras_acts.core.registry import aliases_by_framework, package_of

__all__ = ["ActivationFunction", "Param", "activation", "positive"]

P = ParamSpec("P")
Rule = TypeVar("Rule", bound=Callable[..., Any])


class ActivationFunction(Protocol[P]):
    """What `@activation` makes of a body: the public function, with decorators that declare its derivatives."""

    __name__: str
    __doc__: str | None
    body: Callable[P, Any]  # what was decorated: the value of a float32 or float64 tensor, for use in other bodies

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The activation of a tensor."""

    def derivative(self, rule: Rule) -> Rule:
        """Decorator: `rule(x, **params)` is the derivative, used in place of automatic differentiation."""

    def second_derivative(self, rule: Rule) -> Rule:
        """Decorator: `rule(x, **params)` is the second derivative. Without it the first is left to autodiff."""

    def logits(self, rule: Rule) -> Rule:
        """Decorator: for the cross-entropies of Keras, `rule(x, **params)` is what this is softmax or sigmoid of."""


def activation(
    *,
    name: str | None = None,
    package: str | None = None,
    replace: bool = False,
    formula: Formula | Mapping[str, Formula],
    surrogate: str | Mapping[str, str] | None = None,
    traits: Iterable[Trait | str] = (),
    aliases: Mapping[str, str | Iterable[str]] = MappingProxyType({}),
    kinks: Callable[..., tuple[float, ...]] | Iterable[float] = (),
) -> Callable[[Callable[P, Any]], ActivationFunction[P]]:
    """Declare an activation. The decorated body computes the value with `keras.ops`; its parameters are its signature.

    After this the activation works as a string in every Keras layer, is saved and loaded by name, is validated, listed
    and tested like the built-in ones. The body sees float32 or float64 only: half precision is upcast before and
    rounded once after, unless the activation has `Trait.SINGLE_ROUNDING`. The docstring of the function is that of the
    body, with the formula and the arguments from here; its first line is the record's `summary`, and the head of its
    section `Reference:`, such as "arXiv:1908.08681, Mish: A Self Regularized ...", is the record's `paper`.

    Args:
        name: name of the activation; the function's own by default.
        package: first half of the registered name; by default the top-level name of the module that declares it, which
            is what must be imported before a file is loaded, or "Custom", as in Keras, in a script or notebook.
        replace: True to take over a name or aliases in use. Without it, a taken one is an error; but a cell that is run
            again or edited, and a module that is reloaded, replace what they declared before.
        formula: the formula in the notation of `keras_acts.define`, with the names of the parameters, such as
            "x * sigmoid(beta * x)"; `{"approximate=True": ..., "": ...}` where a parameter chooses between formulas;
            `keras_acts.notation.Latex` where the notation cannot say it. It is read when it is first shown or tested.
        surrogate: of a surrogate gradient, the formula of what the backward pass takes in place of the derivative, and
            `@<name>.derivative` computes; by cases, `{"surrogate='atan'": ...}`, where a parameter chooses it: in every
            other case the derivative is the true one.
        traits: a set of `Trait`, or of their names: `{"smooth", "monotonic"}`.
        aliases: names in other frameworks, such as `{"torch": "LeakyReLU(negative_slope=0.01)"}`, with the parameters
            that these take, in their order and with their defaults; after a `*`, parameters of ours alone. Where names
            or meanings differ, a function: `{"torch": {"Softshrink": lambda lambd=0.5: {"threshold": lambd}}}`. Those
            under "keras" are plain aliases, names alone; the others are reached as "torch:LeakyReLU". A key may name
            several frameworks, and a text several names: `{"keras jax": "silu swish"}`.
        kinks: points where the derivative jumps, or a function of the parameters that returns them.

    Returns:
        A decorator that returns the public function. Where automatic differentiation would cancel or overflow, declare
        the derivatives too, with `@<name>.derivative` and `@<name>.second_derivative`, or, where they are one
        expression, `<name>.derivative(lambda x, alpha: ...)`. Where it is softmax or sigmoid of something,
        `@<name>.logits` says of what, for losses.

    Raises:
        ValueError: if the name or an alias is taken, the name is no identifier, or a parameter is not annotated with
            `Param`. Nothing is registered then.

    Example:
        @keras_acts.activation(formula="x * cos(x)", package="my_package")
        def growing_cosine(x):
            '''Growing cosine unit.

            Reference:
                arXiv:2108.12943, Growing Cosine Unit.
            '''
            return x * keras.ops.cos(x)

        @growing_cosine.derivative
        def _(x):
            return keras.ops.cos(x) - x * keras.ops.sin(x)

        keras.layers.Dense(8, activation="growing_cosine")
    """

    def declare(body: Callable[P, Any]) -> ActivationFunction[P]:
        own_name = name or body.__name__
        if not own_name.isidentifier():
            raise ValueError(f"The name of an activation must be an identifier. Received: name={own_name!r}")
        points = kinks if callable(kinks) else tuple(kinks)
        params = _parameters(body, own_name)
        record = Activation(
            name=own_name,
            package=package or package_of(body.__module__),
            formulas=MappingProxyType(_cases("formula", formula, params, own_name)),
            surrogates=MappingProxyType(cast(dict[str, str], _cases("surrogate", surrogate or {}, params, own_name))),
            params=MappingProxyType(params),
            traits=frozenset(Trait(trait) for trait in traits),
            aliases=aliases_by_framework(aliases, list(params)),
            kinks=points if callable(points) else (lambda **params: points),
            body=body,
        )
        record.bind()  # so are defaults that do not go together
        for alias in sum(record.aliases.values(), ()):
            if alias.convert is dict:
                record.bind((), alias.ours((), {}, {}))  # a faulty alias is an error here, not in some later look-up

        def declare_logits(rule: Rule) -> Rule:
            record.finish = keras_bridge.keeping_logits(rule)
            return rule

        function = cast(Any, record.function)
        activations.add(record, record.package, replace=replace)
        keras_bridge.register(function, record.registered_name)
        function.body = body
        function.derivative = record.declare_derivative
        function.second_derivative = record.declare_second_derivative
        function.logits = declare_logits
        return cast(ActivationFunction[P], function)

    return declare


def _cases(
    what: str, formula: Formula | Mapping[str, Formula], params: Mapping[str, Param], owner: str
) -> dict[str, Formula]:
    if not isinstance(formula, Mapping):
        return {"": formula}
    for case in formula:
        _, unnamed, named = spec.parse(f"f({case})")
        no_rest = what == "formula" and "" not in formula
        if unnamed or named.keys() - params.keys() or bool(case) != bool(named) or no_rest:
            raise ValueError(
                f"The {what}s of '{owner}' must be given by cases of its parameters, such as 'approximate=True', and "
                f"by '' for every other case. Received: {list(formula)}"
            )
    return dict(formula)


def _parameters(body: Callable[..., Any], owner: str) -> dict[str, Param]:
    # Not typing.get_type_hints: on Python 3.10 it hides the annotation of a parameter whose default is None.
    signature = list(inspect.signature(body, eval_str=True).parameters.values())
    if not signature:
        raise ValueError(f"'{owner}' must take the input tensor as its first argument. Received: {owner}()")
    params = {}
    for parameter in signature[1:]:
        hint = parameter.annotation
        notes = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Param)]
        if len(notes) != 1 or parameter.default is parameter.empty:
            raise ValueError(
                f"Each parameter of '{owner}' needs a default and a `Param`, such as "
                f"`{parameter.name}: Annotated[float, Param('what it does', low=0.0)] = 1.0`. Received: {parameter}"
            )
        annotated = get_args(hint)[0]
        accepted = set(get_args(annotated) or [annotated])  # of `float | None` both
        kinds = accepted - {type(None)}
        if len(kinds) != 1 or not kinds <= {float, int, bool, str} or (str in kinds) != bool(notes[0].choices):
            expected = "a float, int or bool, or a str with `choices`"
            raise ValueError(f"`{parameter.name}` of '{owner}' must be {expected}. Received: {parameter}")
        for what, other in (("below", notes[0].below), ("needs", (notes[0].needs or [None])[0])):
            if other is not None and other not in [each.name for each in signature[1:]]:
                raise ValueError(
                    f"`{what}` of `{parameter.name}` of '{owner}' must name a parameter. Received: {other!r}"
                )
        param = copy_with(notes[0], name=parameter.name, kind=kinds.pop(), optional=type(None) in accepted)
        params[parameter.name] = copy_with(param, default=param.validated(parameter.default, owner))
    return params
