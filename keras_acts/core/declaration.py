"""The record of one activation, and the decorator that declares it.

An activation is declared once. Its string, its validation and error text, its saved form, its atlas page, its
contract test and its benchmark row are all read from the record made here.
"""

import inspect
import itertools
import math
import numbers
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as copy_with
from enum import Enum
from functools import cached_property, wraps
from types import MappingProxyType, UnionType
from typing import Any, TypeVar

import keras
from keras import ops

from keras_acts.core import bound, derivatives, keras_bridge, registry, spec, symbolic

Function = TypeVar("Function", bound=Callable[..., Any])


class Trait(str, Enum):
    """A property that users filter by and the library relies on."""

    SMOOTH = "smooth"  # infinitely differentiable
    PIECEWISE_LINEAR = "piecewise_linear"
    MONOTONIC = "monotonic"
    NON_MONOTONIC = "non_monotonic"
    BOUNDED = "bounded"  # from below and from above
    ODD = "odd"  # f(-x) = -f(x)
    EVEN = "even"  # f(-x) = f(x)
    SELF_GATED = "self_gated"  # x times a gate of x
    SPARSE = "sparse"  # exactly zero on a set of positive measure
    PERIODIC = "periodic"  # has a periodic part
    OVER_AXIS = "over_axis"  # couples the elements along an axis
    EXACT = "exact"  # rounds at most once, so half precision needs no float32 inside

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Param:
    """The meaning and the legal range of one parameter, written beside its default in the signature.

    Args:
        meaning: what the parameter does, in a few words.
        low: smallest legal value, or None.
        high: largest legal value, or None.
        exclusive: True if `low` and `high` themselves are not legal.
        below: name of a parameter that must be greater than this one.

    Example:
        alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 1.0
    """

    meaning: str
    low: float | None = None
    high: float | None = None
    exclusive: bool = False
    below: str | None = None
    # Filled in from the signature:
    name: str = field(default="", kw_only=True)
    kind: type = field(default=float, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    default: Any = field(default=None, kw_only=True)

    @property
    def expected(self) -> str:
        """A legal value in words, such as `a finite number >= 0`."""
        words = {float: "a finite number", int: "an integer", bool: "True or False"}[self.kind]
        bounds = []
        if self.low is not None:
            bounds.append(f"{'>' if self.exclusive else '>='} {self.low:g}")
        if self.high is not None:
            bounds.append(f"{'<' if self.exclusive else '<='} {self.high:g}")
        if bounds:
            words += " " + " and ".join(bounds)
        return words + " or None" if self.optional else words

    def validated(self, value: Any, owner: str) -> Any:
        """`value` as a plain Python scalar, so that it is saved as a literal and never drags a dtype along."""
        if value is None and self.optional:
            return None
        if self.kind is bool:
            legal = isinstance(value, bool) or type(value).__name__ == "bool"  # numpy.bool
        else:
            wanted = numbers.Integral if self.kind is int else numbers.Real
            legal = (
                isinstance(value, wanted)
                and not isinstance(value, bool)
                and _is_finite(value)
                and self._in_range(value)
            )
        if not legal:
            raise ValueError(f"`{self.name}` of '{owner}' must be {self.expected}. Received: {self.name}={value!r}")
        return self.kind(value)

    def _in_range(self, value: Any) -> bool:
        if self.exclusive:
            return (self.low is None or value > self.low) and (self.high is None or value < self.high)
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the largest float
        return False


@dataclass(frozen=True, eq=False)
class Declaration:
    """All that is known of one activation (`keras_acts.info(name)`)."""

    name: str
    package: str
    formula: str
    paper: str | None
    params: Mapping[str, Param]
    traits: frozenset[Trait]
    aliases: Mapping[str, tuple[str, ...]]
    derivative: Callable[..., Any] | None
    kinks: Callable[..., tuple[float, ...]]
    body: Callable[..., Any]

    def __repr__(self) -> str:
        params = "".join(f"\n  {name} = {param.default!r}: {param.meaning}" for name, param in self.params.items())
        aliases = "; ".join(f"{framework}: {', '.join(names)}" for framework, names in self.aliases.items())
        return (
            f"{self.name}: {self.summary}\n  formula: {self.formula}{params}\n"
            f"  traits: {', '.join(sorted(map(str, self.traits))) or 'none'}\n"
            f"  paper: {self.paper or 'none'}\n  aliases: {aliases or 'none'}"
        )

    @property
    def registered_name(self) -> str:
        """The name in saved files: the only contract that never changes."""
        return f"{self.package}>{self.name}"

    @property
    def family(self) -> str:
        """The file that declares it: rectifiers, sigmoids, softmax, ..."""
        return self.body.__module__.rpartition(".")[2]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.body) or "").partition("\n")[0]

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The public function: `keras_acts.activations.<name>`."""

        @wraps(self.body)
        def function(x: Any, *args: Any, **kwargs: Any) -> Any:
            return self(x, self.bind(args, kwargs))

        function.__name__ = self.name
        return function

    def with_params(self, params: Mapping[str, Any]) -> bound.BoundActivation:
        """The activation with these parameters bound."""
        return bound.BoundActivation(self, params)

    @property
    def defaults(self) -> dict[str, Any]:
        """The default of each parameter."""
        return {name: param.default for name, param in self.params.items()}

    def bind(self, args: Iterable[Any] = (), kwargs: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        """All parameters by name, validated, with defaults for those not given."""
        args = tuple(args)
        given = dict(zip(self.params, args, strict=False))
        twice = sorted(given.keys() & kwargs.keys())
        if len(args) > len(self.params) or twice:
            received = f"{twice[0]} twice" if twice else f"{len(args)} values"
            raise TypeError(f"'{self.name}' takes {self._accepted()}. Received: {received}")
        given.update(kwargs)
        for name in given.keys() - self.params.keys():
            raise TypeError(
                f"'{self.name}' has no parameter `{name}`; it takes {self._accepted()}."
                f"{registry.hint_for_parameter(self, name)} Received: {name}={given[name]!r}"
            )
        bound = self.defaults
        bound.update({name: self.params[name].validated(value, self.name) for name, value in given.items()})
        for name, param in self.params.items():
            if param.below is not None and not bound[name] < bound[param.below]:
                raise ValueError(
                    f"`{name}` of '{self.name}' must be smaller than `{param.below}`. "
                    f"Received: {name}={bound[name]!r}, {param.below}={bound[param.below]!r}"
                )
        return bound

    def _accepted(self) -> str:
        return ", ".join(f"`{name}`" for name in self.params) or "no parameters"

    def __call__(self, x: Any, params: dict[str, Any]) -> Any:
        """The activation of `x`, with all parameters given and already validated."""
        if isinstance(x, keras.KerasTensor):
            return symbolic.ActivationOperation(self, params).symbolic_call(x)
        x = ops.convert_to_tensor(x)
        self.check_input(x, params)
        return derivatives.evaluate(self, tuple(params.items()), x)

    def check_input(self, x: Any, params: Mapping[str, Any]) -> None:
        """Refuse what the formula is not defined for, before anything is computed."""
        derivatives.floating_dtype(x, f"`x` of '{self.name}'")
        if "axis" not in params:
            return  # the rank may be unknown while a graph is traced, and nothing here needs it
        rank = len(x.shape)
        if not -rank <= params["axis"] < rank:
            legal = f"must be in [{-rank}, {rank})" if rank else "needs at least one dimension"
            raise ValueError(
                f"`axis` of '{self.name}' {legal} for an input of shape {tuple(x.shape)}. "
                f"Received: axis={params['axis']}"
            )


def activation(
    *,
    name: str | None = None,
    package: str = "keras_acts",
    replace: bool = False,
    formula: str,
    paper: str | None = None,
    traits: Iterable[Trait | str] = (),
    aliases: Mapping[str, str | Iterable[str]] = MappingProxyType({}),
    derivative: Callable[..., Any] | None = None,
    kinks: Callable[..., tuple[float, ...]] | Iterable[float] = (),
) -> Callable[[Function], Function]:
    """Declare an activation. The decorated body computes the value with `keras.ops`; its parameters are its signature.

    After this the activation works as a string in every Keras layer, is saved and loaded by name, is validated, listed
    and tested like the built-in ones. The body sees float32 or float64 only: half precision is widened before and
    rounded once after, unless the activation has `Trait.EXACT`.

    Args:
        name: name of the activation; the function's own by default.
        package: first half of the registered name; use the name under which your module is imported.
        replace: True to take over a name that is in use. Without it, a taken name is an error.
        formula: the formula in LaTeX.
        paper: the source, as an arXiv id or a citation.
        traits: a set of `Trait`.
        aliases: names in other frameworks, such as `{"torch": "LeakyReLU(negative_slope=0.01)"}`; the parameters are
            that framework's defaults. Those under "keras" are plain aliases; the others are reached as
            "torch:LeakyReLU".
        derivative: `derivative(x, **params)`, used in place of automatic differentiation. It must itself be
            differentiable: leave that to autodiff or wrap it in `numerics.with_derivative`.
        kinks: points where the derivative jumps, or a function of the parameters that returns them.

    Returns:
        A decorator that returns the public function.

    Raises:
        ValueError: if the name is taken, or not an identifier, or a parameter is not annotated with `Param`. Nothing is
            registered then.

    Example:
        @keras_acts.activation(formula=r"x \\cos x", package="my_package")
        def growing_cosine(x):
            return x * keras.ops.cos(x)

        keras.layers.Dense(8, activation="growing_cosine")
    """

    def declare(body: Function) -> Function:
        own_name = name or body.__name__
        if not own_name.isidentifier():
            raise ValueError(f"The name of an activation must be an identifier. Received: name={own_name!r}")
        points = kinks if callable(kinks) else tuple(kinks)
        declaration = Declaration(
            name=own_name,
            package=package,
            formula=formula,
            paper=paper,
            params=MappingProxyType(_parameters(body, own_name)),
            traits=frozenset(Trait(trait) for trait in traits),
            aliases=MappingProxyType({k: (v,) if isinstance(v, str) else tuple(v) for k, v in aliases.items()}),
            derivative=derivative,
            kinks=points if callable(points) else (lambda **params: points),
            body=body,
        )
        for alias in itertools.chain.from_iterable(declaration.aliases.values()):
            declaration.bind(*spec.parse(alias)[1:])  # a faulty alias is an error here, not in some later look-up
        function = declaration.function
        registry.add(declaration, replace=replace)
        keras_bridge.register(function, package, own_name)
        return typing.cast(Function, function)

    return declare


def _parameters(body: Callable[..., Any], owner: str) -> dict[str, Param]:
    hints = typing.get_type_hints(body, include_extras=True)
    signature = list(inspect.signature(body).parameters.values())
    if not signature:
        raise ValueError(f"'{owner}' must take the input tensor as its first argument. Received: {owner}()")
    params = {}
    for parameter in signature[1:]:
        hint = hints.get(parameter.name)
        notes = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Param)]
        if len(notes) != 1 or parameter.default is parameter.empty:
            raise ValueError(
                f"Each parameter of '{owner}' needs a default and a `Param`, such as "
                f"`{parameter.name}: Annotated[float, Param('what it does', low=0.0)] = 1.0`. Received: {parameter}"
            )
        accepted = _alternatives(typing.get_args(hint)[0])
        kinds = accepted - {type(None)}
        if len(kinds) != 1 or not kinds <= {float, int, bool}:
            raise ValueError(f"`{parameter.name}` of '{owner}' must be a float, int or bool. Received: {parameter}")
        param = copy_with(notes[0], name=parameter.name, kind=kinds.pop(), optional=type(None) in accepted)
        params[parameter.name] = copy_with(param, default=param.validated(parameter.default, owner))
    return params


def _alternatives(hint: Any) -> set[Any]:
    return set(typing.get_args(hint)) if typing.get_origin(hint) in (UnionType, typing.Union) else {hint}
