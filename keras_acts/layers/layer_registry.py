"""Which layers there are, and how a string or config becomes a new one of them."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import keras

from keras_acts.core import keras_bridge, resolve, spec
from keras_acts.core.params import constructor_arguments
from keras_acts.core.registry import Alias, Declared, aliases_by_framework, framework_of

__all__ = ["LayerDeclaration", "function_or_layer", "get", "info", "layer", "names"]

LayerClass = TypeVar("LayerClass", bound=type[keras.Layer])


@dataclass(eq=False)
class LayerDeclaration(Declared):
    """All that is known of one layer (`keras_acts.layers.info(name)`)."""

    kind: ClassVar[str] = "layers"
    cls: type[keras.Layer]
    formula: str  # in LaTeX
    aliases: Mapping[str, tuple[Alias, ...]]
    package: str = "keras_acts"

    def __post_init__(self) -> None:
        self.name, self.declared = self.cls.__name__, self.cls


def layer(
    *, formula: str, aliases: Mapping[str, str | Iterable[str]] = MappingProxyType({})
) -> Callable[[LayerClass], LayerClass]:
    """Class decorator: make a layer known for files, for `get`, for the command line and for error messages.

    The head of the section `Reference:` in its docstring is the record's `paper`.

    Args:
        formula: the formula in LaTeX.
        aliases: names in other frameworks with the arguments that they take there, as for `keras_acts.activation`:
            `{"flax": {"PReLU": lambda negative_slope_init=0.01: {...}}}`, reached as `get("flax:PReLU")`.

    Raises:
        ValueError: if the name is taken.
    """

    def declare(cls: LayerClass) -> LayerClass:
        own = [name for name in constructor_arguments(cls) if name != "kwargs"]
        record = LayerDeclaration(cls, formula, aliases_by_framework(aliases, own))
        resolve.layers.add(record, record.package)
        keras_bridge.register(cls, record.registered_name)
        return cls

    return declare


def names() -> list[str]:
    """Names of the layers, sorted.

    Example:
        >>> "PReLU" in keras_acts.layers.names()
        True
    """
    return sorted(resolve.layers.current())


def info(name: str) -> LayerDeclaration:
    """The record of a layer: name, formula, paper, aliases, class.

    Raises:
        ValueError: for an unknown name, with near matches.

    Example:
        >>> keras_acts.layers.info("PReLU").paper
        'arXiv:1502.01852'
    """
    record = resolve.layers.find(name)
    if record is None:
        raise ValueError(_unknown(name))
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
    if isinstance(identifier, str):
        name, positional, given = spec.parse(identifier)
        foreign = resolve.layers.from_foreign(name, positional, given, arguments)
        if foreign is not None:
            return _made(foreign[0].cls, (), foreign[1])
        return _made(info(name).cls, positional, {**given, **arguments})
    if inspect.isclass(identifier) and issubclass(identifier, keras.Layer):
        return _made(identifier, (), arguments)
    if isinstance(identifier, dict):
        keras_bridge.stay_registered()
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
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, keras.Layer | type):
        return get(identifier, **arguments)
    try:
        return resolve.get(identifier, **arguments)
    except ValueError:
        name = spec.parse(identifier)[0] if isinstance(identifier, str) else ""
        if name not in names() and resolve.layers.find_foreign(name) is None:
            raise
    return get(identifier, **arguments)


def _made(cls: type[keras.Layer], positional: tuple[Any, ...], arguments: dict[str, Any]) -> keras.Layer:
    # What `**kwargs` takes is for the classes that it is built on.
    known = {name for base in cls.__mro__ for name in constructor_arguments(base)}
    known |= {name for name in arguments if name.endswith(("_regularizer", "_constraint"))}  # which the class judges
    for argument in arguments.keys() - known:
        accepted = constructor_arguments(cls)
        own = ", ".join(f"`{name}`" for name in accepted if name != "kwargs") or "no arguments of its own"
        raise TypeError(f"'{cls.__name__}' has no argument `{argument}`; it takes {own}. Received: {arguments}")
    return cls(*positional, **arguments)


def _unknown(name: str) -> str:
    framework, bare = framework_of(name), re.split("[.:>]", name)[-1]
    foreign = resolve.activations.spelled_in_framework(name)
    activation = foreign or getattr(resolve.find(bare) or resolve.find(bare.lower()), "name", None)
    if activation is not None and (foreign or bare.lower() not in {known.lower() for known in names()}):
        own = f", with defaults of its own and not those of {framework}" if framework and not foreign else ""
        return (
            f"'{name}' is an activation function without weights, not a layer. "
            f"Use keras.layers.Activation('{activation}'){own}. Received: {name!r}"
        )
    return (
        f"Unknown layer.{resolve.layers.did_you_mean(name)} `keras_acts.layers.names()` lists all. Received: {name!r}"
    )
