"""The record of one activation, the activation with parameters bound, and what it records in a Functional model.

An activation is declared once. Its string, its validation and error text, its docstring, its saved form, its page, its
contract test and its benchmark row are all read from the record.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import keras

from keras_acts import notation
from keras_acts.core import derivatives, form, registry, spec
from keras_acts.core import operations as ops
from keras_acts.core.numerics.over_axis import empty_as_is, has_rank
from keras_acts.core.params import Param, Trait

Formula = str | notation.Latex


@dataclass(eq=False)
class Activation(registry.Declared):
    """All that is known of one activation (`keras_acts.info(name)`)."""

    kind: ClassVar[str] = "activations"
    name: str
    package: str
    formulas: Mapping[str, Formula]  # by case, such as "approximate=True"; "" is every other case
    params: Mapping[str, Param]
    traits: frozenset[Trait]
    aliases: Mapping[str, tuple[registry.Alias, ...]]
    kinks: Callable[..., tuple[float, ...]]
    body: Callable[..., Any]
    # By case, as `formulas`: what the backward pass takes in place of the derivative, which it is in every other case.
    surrogates: Mapping[str, str] = field(default_factory=dict)
    derivative: Callable[..., Any] | None = None
    second_derivative: Callable[..., Any] | None = None
    # What is worked out about an activation by packages above this one, which import it.
    measured: ClassVar[dict[str, Callable[["Activation"], Any]]] = {}
    finish: Callable[..., Any] | None = None  # `finish(output, x, params)`, done to each output outside of the rules

    def __repr__(self) -> str:
        params = "".join(f"\n  {name} = {param.default!r}: {param.meaning}" for name, param in self.params.items())
        aliases = "; ".join(f"{framework}: {', '.join(names)}" for framework, names in self.aliases.items())
        surrogate = self.surrogate_at(self.defaults)
        backward = "" if surrogate is None else f"\n  in place of its derivative: {surrogate}"
        return (
            f"{self.name}: {self.summary}\n  formula: {self.formula}{backward}{params}\n"
            f"  traits: {', '.join(sorted(map(str, self.traits))) or 'none'}\n"
            f"  range: {self.range or 'none'}\n  smoothness: {self.smoothness or 'none'}\n"
            f"  initializer: {self.initializer}\n"
            f"  paper: {self.paper or 'none'}\n  aliases: {aliases or 'none'}\n  source: {self.source}"
        )

    def __post_init__(self) -> None:
        self.declared = self.body

    @property
    def formula(self) -> str:
        """The formula at the default parameters, in the notation of `define`; in LaTeX where that cannot say it."""
        formula = self.formula_at(self.defaults)
        return formula if isinstance(formula, str) else formula.text

    @cached_property
    def curve(self) -> Any:
        """Its `keras_acts.analysis.Landmarks` at the default parameters; None for an activation over an axis."""
        return self.measured["curve"](self)

    @property
    def range(self) -> tuple[float, float] | None:
        """The smallest and the largest value at the default parameters; None for an activation over an axis."""
        return None if self.curve is None else self.curve.range

    @property
    def smoothness(self) -> str | None:
        """`smooth`, or how many derivatives are continuous and where the next one jumps; None over an axis."""
        return None if self.curve is None else self.curve.smoothness_class

    @cached_property
    def initializer(self) -> str:
        """The kernel initializer that `keras_acts.paired` gives at the default parameters, and the gain behind it."""
        return self.measured["initializer"](self)

    @property
    def latex(self) -> str:
        """The formula at the default parameters, in LaTeX."""
        return notation.latex(self.formula_at(self.defaults))

    def at(self, params: Mapping[str, Any]) -> "Activation":
        """The record with these values of the parameters in place of the defaults."""
        return replace(self, params={name: replace(param, default=params[name]) for name, param in self.params.items()})

    def formula_at(self, params: Mapping[str, Any]) -> Formula:
        """The formula for these parameters, which None, booleans and strings may choose."""
        return self.formulas[_case(self.formulas, params)]

    def surrogate_at(self, params: Mapping[str, Any]) -> str | None:
        """The formula of what the backward pass takes in place of the derivative; None where that is the true one."""
        return self.surrogates.get(_case(self.surrogates, params))

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The public function: `keras_acts.activations.<name>`."""

        @functools.wraps(self.body)
        def function(x: Any, *args: Any, **kwargs: Any) -> Any:
            return self(x, self.bind(args, kwargs))

        function.__name__ = self.name
        function.__doc__ = self.documentation
        function.__dict__["declaration"] = self
        return function

    @cached_property
    def documentation(self) -> str:
        """The docstring of the body with formula and arguments, which are written once, in the declaration."""
        summary, *sections = (inspect.getdoc(self.body) or self.name).split("\n\n")
        formula = self.formulas[""]
        if isinstance(formula, str) and not any(section.startswith("f(x) = ") for section in sections):
            cases = [f"f(x) = {text} where {case}" for case, text in self.formulas.items() if case]
            surrogates = {case and f" where {case}": text for case, text in self.surrogates.items()}
            cases += [f"surrogate(x) = {text}{where}" for where, text in surrogates.items()]
            sections.insert(0, "\n\n".join([f"f(x) = {formula}", *cases]))
        if not any(section.startswith("Args:") for section in sections):
            shape = "of at least one dimension" if Trait.OVER_AXIS in self.traits else "of any shape"
            lines = [f"x: float tensor {shape}.", *(param.documentation for param in self.params.values())]
            headings = ("Returns:", "Raises:", "Example:", "Reference:")
            place = next((i for i, section in enumerate(sections) if section.startswith(headings)), len(sections))
            sections.insert(place, "\n    ".join(["Args:", *lines]))
        return "\n\n".join([summary, *sections])

    def with_params(self, params: Mapping[str, Any]) -> "BoundActivation":
        """The activation with these parameters bound."""
        return BoundActivation(self, params)

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
                f"{self._variant_with(name)} Received: {name}={given[name]!r}"
            )
        bound = self.defaults | {name: self.params[name].validated(value, self.name) for name, value in given.items()}
        for name, param in self.params.items():
            other = None if param.below is None else bound[param.below]
            if other is not None and bound[name] is not None and not bound[name] < other:
                raise ValueError(
                    f"`{name}` of '{self.name}' must be smaller than `{param.below}`. "
                    f"Received: {name}={bound[name]!r}, {param.below}={other!r}"
                )
            if param.needs is not None and name in given and bound[name] != param.default and not param.applies(bound):
                other, values = param.needs
                raise ValueError(
                    f"`{name}` of '{self.name}' belongs to {other}={' or '.join(map(repr, values))}. "
                    f"Received: {name}={bound[name]!r}, {other}={bound[other]!r}"
                )
        return bound

    def _accepted(self) -> str:
        return ", ".join(f"`{name}`" for name in self.params) or "no parameters"

    def _variant_with(self, parameter: str) -> str:
        """` Use 'swish_beta(beta=...)'.` where a variant of that name has the parameter that this activation lacks."""
        for name in (self.name, *self.aliases.get("keras", ())):
            variant = activations.find(f"{name}_{parameter}")
            if variant is not None and parameter in variant.params:
                return f" Use '{variant.name}({parameter}=...)'."
        return ""

    def declare_derivative(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Make `rule(x, **params)` the derivative, in place of automatic differentiation."""
        self._check_rule("derivative", rule)

        def second(x: Any, *args: Any, **params: Any) -> Any:
            assert self.second_derivative is not None  # it is declared after this one
            return self.second_derivative(x, *args, **params)

        ruled = derivatives.with_derivative(second)(rule)

        @functools.wraps(rule)
        def derivative(x: Any, *args: Any, **params: Any) -> Any:
            y = (rule if self.second_derivative is None else ruled)(x, *args, **params)
            return derivatives.connected(y, x) if self.second_derivative is None else y

        self.derivative = derivative
        return derivative

    def declare_second_derivative(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Make `rule(x, **params)` the second derivative, in place of automatic differentiation of the first."""
        self._check_rule("second_derivative", rule)
        if self.derivative is None:
            raise ValueError(
                f"The derivative of '{self.name}' must be declared before its second derivative. "
                f"Received: @{self.name}.second_derivative without @{self.name}.derivative"
            )
        self.second_derivative = rule
        return rule

    def _check_rule(self, what: str, rule: Callable[..., Any]) -> None:
        if getattr(self, what) is not None:
            raise ValueError(
                f"`@{self.name}.{what}` declares what '{self.name}' has already. To evaluate it, call "
                f"keras_acts.info('{self.name}').{what}(x)."
            )
        try:
            inspect.signature(rule).bind(None, **self.defaults)
        except (TypeError, ValueError) as error:  # here, not when a gradient is first taken
            expected = ", ".join(["x", *self.params])
            raise ValueError(
                f"`@{self.name}.{what}` must decorate a function of ({expected}). Received: {rule!r} ({error})"
            ) from error
        self._computation.cache_clear()  # of calls before this declaration, which went by autodiff

    def __call__(self, x: Any, params: dict[str, Any]) -> Any:
        """The activation of `x`, with all parameters given and already validated."""
        stay_registered()
        if not isinstance(x, keras.KerasTensor):
            x = ops.convert_to_tensor(x)
        elif not form.is_portable():
            return ActivationOperation(self, params).symbolic_call(x)
        self.check_input(x, params)
        computation, elementwise = self._computation(**params), form.for_elementwise()
        if elementwise is not None and Trait.OVER_AXIS not in self.traits:
            return elementwise(computation, x)
        output = computation(x)
        if self.finish is not None and not form.is_portable():
            self.finish(output, x, params)
        return output

    @cached_property
    def _computation(self) -> Any:
        """For each set of parameters, the activation of a float tensor, by the rules of `core.derivatives`."""

        @functools.lru_cache(maxsize=64)
        def computation(**params: Any) -> Callable[..., Any]:
            rounding = derivatives.as_is if Trait.SINGLE_ROUNDING in self.traits else derivatives.upcast
            value: derivatives.Function = functools.partial(self.body, **params)
            if "axis" in params:
                value = empty_as_is(value)
            if self.derivative is None:
                return rounding(lambda x: value(derivatives.never_missing(x)))
            slope = functools.partial(self.derivative, **params)
            product = rounding(lambda v, x: v * slope(x))
            return derivatives.symmetric_rule(rounding(value), product, fusible="axis" not in params)

        return computation

    def check_input(self, x: Any, params: Mapping[str, Any]) -> None:
        """Refuse what the formula is not defined for, before anything is computed."""
        derivatives.floating_dtype(x, f"`x` of '{self.name}'")
        if "axis" not in params or not has_rank(x):  # of an unknown rank, the operations refuse what does not fit
            return
        rank = len(x.shape)
        if not -rank <= params["axis"] < rank:
            legal = f"must be in [{-rank}, {rank})" if rank else "needs at least one dimension"
            raise ValueError(
                f"`axis` of '{self.name}' {legal} for an input of shape {tuple(x.shape)}. "
                f"Received: axis={params['axis']}"
            )


def _case(formulas: Mapping[str, Formula], params: Mapping[str, Any]) -> str:
    """The case, such as "approximate=True", that these parameters are; "" for none of them."""
    for case in formulas:
        if case and all(params[name] == value for name, value in spec.parse(f"f({case})")[2].items()):
            return case
    return ""


activations: registry.Registry[Activation] = registry.Registry("activations")


def by_registered_name(name: str) -> Activation:
    """The record that a file names.

    Raises:
        ValueError: if no module that declares it has been imported.
    """
    record = activations.find(name)
    if record is None:
        package = name.partition(">")[0]
        raise ValueError(
            f"The activation '{name}' must be declared before a file that names it is read: import the module of "
            f"`{package}` that declares it. Received: {name!r}"
        )
    return record


_registered: dict[str, Any] = {}  # what is registered under "keras_acts>"


def registered_names() -> dict[str, Any]:
    """What files may name, by registered name: all of keras_acts, and the activations that users have declared.

    It is known to Keras afterwards, also where a user has called `get_custom_objects().clear()` for objects of theirs.
    """
    known = keras.saving.get_custom_objects()
    _registered.update({name: thing for name, thing in known.items() if name.startswith("keras_acts>")})
    declared = {record.registered_name: record.function for record in activations.snapshot().values()}
    names = _registered | {name: function for name, function in declared.items() if not spec.is_notation(name)}
    known.update({name: thing for name, thing in names.items() if name not in known})
    return names


def stay_registered() -> None:
    """After a user's `get_custom_objects().clear()`, which is for objects of theirs: make ours known to Keras again."""
    if keras.saving.get_registered_name(BoundActivation) not in keras.saving.get_custom_objects():
        registered_names()


@keras.saving.register_keras_serializable(package="keras_acts", name="activations.BoundActivation")
class BoundActivation:
    """A saveable callable: one activation and the parameters given for it.

    Made by `keras_acts.get`. It goes wherever an `activation=` goes, is saved with its parameters, pickles, and equals
    another one with the same activation and parameters.

    Args:
        declaration: the record of the activation.
        params: the parameters given; the others keep their defaults.
    """

    def __init__(self, declaration: Activation, params: Mapping[str, Any]) -> None:
        stay_registered()
        self.declaration = declaration
        self.all_params = declaration.bind((), params)
        self.params = MappingProxyType({name: self.all_params[name] for name in declaration.params if name in params})
        self.__name__ = spec.format(declaration.name, self.params)
        self.__doc__ = declaration.documentation

    def __call__(self, x: Any) -> Any:
        """The activation of a tensor or KerasTensor."""
        return self.declaration(x, self.all_params)

    def get_config(self) -> dict[str, Any]:
        """The registered name and the parameters given."""
        return {"activation": self.declaration.registered_name, "params": dict(self.params)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "BoundActivation":
        """The bound activation that `get_config` describes."""
        return cls(by_registered_name(config["activation"]), config["params"])

    @property
    def _identity(self) -> tuple[Any, ...]:
        return self.declaration.registered_name, *self.all_params.items()

    def __eq__(self, other: object) -> bool:
        return self._identity == other._identity if isinstance(other, BoundActivation) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity)

    def __repr__(self) -> str:
        return self.__name__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_config, (self.get_config(),)


def _unique(name: str) -> str:
    """The name as Keras numbers those of layers: mish, mish_1, ..."""
    number = keras.backend.get_uid(name) - 1
    return f"{name}_{number}" if number else name


@keras.saving.register_keras_serializable(package="keras_acts", name="activations.ActivationOperation")
class ActivationOperation(keras.Operation):
    """A node of a Functional model: `y = keras_acts.activations.mish(keras_tensor)`."""

    def __init__(self, declaration: Activation, params: Mapping[str, Any], name: str | None = None) -> None:
        super().__init__(name=name or _unique(spec.slug(declaration.name)))
        self.declaration = declaration
        self.params = dict(params)

    def call(self, x: Any) -> Any:
        """The activation of a tensor."""
        return self.declaration(x, self.params)

    def compute_output_spec(self, x: Any) -> keras.KerasTensor:
        """Shape and dtype are those of the input."""
        self.declaration.check_input(x, self.params)
        return keras.KerasTensor(x.shape, dtype=x.dtype)

    def get_config(self) -> dict[str, Any]:
        """The registered name, all parameters and the name of the node."""
        # Nested, as loading a legacy .h5 file would replace a plain registered name by the function itself.
        activation = {"registered_name": self.declaration.registered_name, "params": self.params}
        return {"activation": activation, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "ActivationOperation":
        """The operation that `get_config` describes."""
        activation = config["activation"]
        declaration = by_registered_name(activation["registered_name"])
        return cls(declaration, declaration.bind((), activation["params"]), config["name"])
