"""Which layers there are, and how a string or config becomes a new one of them."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import keras

from keras_acts.core import keras_bridge, resolve, spec
from keras_acts.core.params import constructor_arguments, integer
from keras_acts.core.registry import Alias, Declared, aliases_by_framework, framework_of

__all__ = ["LayerDeclaration", "function_or_layer", "get", "info", "layer", "names", "no_argument", "unknown"]

LayerClass = TypeVar("LayerClass", bound=type[keras.Layer])


@dataclass(eq=False)
class LayerDeclaration(Declared):
    """All that is known of one layer (`keras_acts.layers.info(name)`)."""

    kind: ClassVar[str] = "layers"
    cls: type[keras.Layer]
    formula: str  # in LaTeX
    aliases: Mapping[str, tuple[Alias, ...]]
    # By weight, in the notation of `define`: what the backward pass takes in place of the derivative by that weight.
    surrogates: Mapping[str, str]
    package: str = "keras_acts"

    def __post_init__(self) -> None:
        self.name, self.declared = self.cls.__name__, self.cls


def layer(
    *,
    formula: str,
    aliases: Mapping[str, str | Iterable[str]] = MappingProxyType({}),
    surrogates: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[LayerClass], LayerClass]:
    """Class decorator: make a layer known for files, for `get`, for the command line and for error messages.

    The head of the section `Reference:` in its docstring is the record's `paper`.

    Args:
        formula: the formula in LaTeX.
        aliases: names in other frameworks with the arguments that they take there, as for `keras_acts.activation`:
            `{"flax": {"PReLU": lambda negative_slope_init=0.01: {...}}}`, reached as `get("flax:PReLU")`.
        surrogates: by weight, the formula of what stands in place of the derivative by it, in the notation of `define`,
            of x, the weight and the arguments of the layer.

    Raises:
        ValueError: if the name is taken.
    """

    def declare(cls: LayerClass) -> LayerClass:
        own = [name for name in constructor_arguments(cls) if name != "kwargs"]
        record = LayerDeclaration(cls, formula, aliases_by_framework(aliases, own), surrogates)
        resolve.layers.add(record, record.package)
        keras_bridge.register(cls, record.registered_name)
        return cls

    return declare


def names(pattern: str | None = None) -> list[str]:
    """Names of the layers, sorted.

    Args:
        pattern: shell-style pattern, such as "*glu*", in whatever case.

    Raises:
        ValueError: for a pattern that is no string.

    Example:
        >>> "PReLU" in keras_acts.layers.names()
        True
    """
    keras_bridge.stay_registered()
    return resolve.matching(pattern, resolve.layers.current())


def info(name: Any) -> LayerDeclaration:
    """The record of a layer: name, formula, paper, aliases, class.

    Args:
        name: the name, the class, or a layer of it.

    Raises:
        ValueError: for an unknown name, with near matches, or what is no layer of keras_acts.

    Example:
        >>> keras_acts.layers.info("PReLU").paper
        'arXiv:1502.01852'
    """
    keras_bridge.stay_registered()
    classes = {record.cls: record.name for record in resolve.layers.current().values()}
    name = name if isinstance(name, str) else classes.get(name if inspect.isclass(name) else type(name), repr(name))
    record = resolve.layers.find(name)
    if record is None:
        raise ValueError(unknown(name))
    return record


def get(identifier: Any, **arguments: Any) -> keras.Layer:
    """A layer from a string, a class or a config dict; always a new one. A layer is returned as it is.

    Args:
        identifier: "PReLU", "PReLU(shared_axes=[1, 2])", "torch:PReLU(64)" as torch means it, a layer class, a
            serialized layer, or a layer.
        **arguments: arguments of the constructor; they win over those in the string.

    Returns:
        A layer.

    Raises:
        ValueError: for an unknown name or a malformed string.
        TypeError: for arguments with a layer that exists already, or arguments that the layer does not have.

    Example:
        >>> keras_acts.layers.get("PReLU(shared_axes=[1, 2])").shared_axes
        [1, 2]
    """
    keras_bridge.stay_registered()
    if isinstance(identifier, str):
        name, positional, given = spec.parse(identifier)
        foreign = resolve.layers.from_foreign(name, positional, given, arguments)
        if foreign is not None:
            channels, made = foreign[1].pop("channels", None), foreign[0].cls(**foreign[1])
            made.expected_channels = channels and integer("channels", channels, repr(identifier), low=1)
            return made
        return info(name).cls(*positional, **{**given, **arguments})
    if inspect.isclass(identifier) and issubclass(identifier, keras.Layer):
        return identifier(**arguments)
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if not isinstance(identifier, keras.Layer):
        raise ValueError(
            "A layer must be a name, a spec string, a layer class, a layer or a config dict. "
            f"Received: {identifier!r} of type {type(identifier).__name__}"
        )
    if arguments:
        raise TypeError(f"A layer that exists takes no arguments. Received: {identifier!r} with {arguments}")
    return identifier


def function_or_layer(identifier: Any, **arguments: Any) -> Any:
    """The activation function, or else the layer, that is meant: one look-up for `keras_acts.get` and `layers.get`.

    Args:
        identifier: a name or spec string, a function or bound activation, a layer, a layer class, or a config dict. A
            name of both is that of the function. A class or name of a layer gives a new one.
        **arguments: parameters of the function, or arguments of the layer's constructor.

    Returns:
        A function, for `activation=` or `keras.layers.Activation`, or a layer, which is one of its own in a model.

    Raises:
        ValueError: for a name of neither, as `keras_acts.get` words it, or a value out of range.
        TypeError: for an unknown parameter.

    Example:
        >>> lookup = keras_acts.layers.function_or_layer
        >>> lookup("elu(alpha=0.5)"), type(lookup("PReLU")).__name__
        (elu(alpha=0.5), 'PReLU')
    """
    if isinstance(identifier, keras.Layer | type):
        return get(identifier, **arguments)
    try:
        return resolve.get(identifier, **arguments)
    except ValueError:
        name = spec.parse(identifier)[0] if isinstance(identifier, str) else ""
        if name not in names() and resolve.layers.find_foreign(name) is None:
            raise
    return get(identifier, **arguments)


class UnknownArgumentError(TypeError, ValueError):
    """A layer has no such argument: a TypeError, as of any call in Python, and a ValueError, as of Keras' layers."""


def no_argument(cls: type[keras.Layer], name: str, value: Any) -> UnknownArgumentError:
    """The error for an argument that a layer does not have, with what it may be meant for."""
    accepted = [each for each in constructor_arguments(cls) if each != "kwargs"]
    own = ", ".join(f"`{each}`" for each in accepted) or "no arguments of its own"
    text = f"'{cls.__name__}' has no argument `{name}`; it takes {own}.{_meant(cls, name, accepted)}"
    return UnknownArgumentError(f"{text} Received: {name}={value!r}")


def _meant(cls: type[keras.Layer], name: str, accepted: list[str]) -> str:
    """What the docstring says of the name, which framework has it, or an argument called like it; or nothing."""
    said = re.search(rf"[^.]* `{name}\b[^.]*\.", " ".join((inspect.getdoc(cls) or "").split()))
    if said:
        return said[0]
    for framework, aliases in getattr(resolve.layers.find(cls.__name__), "aliases", {}).items():
        for alias in aliases:
            if name in alias.signature.parameters:
                return f" As {framework} means it: keras_acts.layers.get('{framework}:{alias.name}', {name}=...)."
    near = [each for each in accepted if each.startswith(f"{name}_")] + difflib.get_close_matches(name, accepted, n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def unknown(name: str) -> str:
    """The error text for a name that is not a layer: what it is instead, or what is close to it."""
    framework, bare = framework_of(name), re.split("[.:>]", name)[-1]
    foreign = resolve.activations.spelled_in_framework(name)
    activation = foreign or getattr(resolve.find(bare) or resolve.find(bare.lower()), "name", None)
    if activation is not None and (foreign or bare.lower() not in {known.lower() for known in names()}):
        own = f", with defaults of its own and not those of {framework}" if framework and not foreign else ""
        return (
            f"'{name}' is an activation function without weights, not a layer. "
            f"Use keras.layers.Activation('{activation}'){own}.{resolve.of_a_file(name)} Received: {name!r}"
        )
    spelled = resolve.layer_spelled(name) or ""
    near = f" Did you mean {spelled}?" if spelled.startswith("keras.") else resolve.layers.did_you_mean(name)
    return f"Unknown layer.{near}{resolve.of_a_file(name)} `keras_acts.layers.names()` lists all. Received: {name!r}"
