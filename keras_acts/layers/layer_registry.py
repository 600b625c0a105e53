"""Which layers there are, and how a string or config becomes a new one of them."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import keras

from keras_acts.core import keras_bridge, registry, spec

LayerClass = TypeVar("LayerClass", bound=type[keras.Layer])

_declarations: dict[str, "LayerDeclaration"] = {}


@dataclass(frozen=True, eq=False)
class LayerDeclaration:
    """All that is known of one layer (`keras_acts.layers.info(name)`)."""

    cls: type[keras.Layer]
    formula: str
    paper: str | None
    aliases: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.cls.__name__

    @property
    def registered_name(self) -> str:
        """The name in saved files: the only contract that never changes."""
        return f"keras_acts>layers.{self.name}"

    @property
    def family(self) -> str:
        """The file that declares it: rectifiers, periodic, ..."""
        return self.cls.__module__.rpartition(".")[2]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.cls) or "").partition("\n")[0]


def layer(
    *, formula: str, paper: str | None = None, aliases: Mapping[str, str | Iterable[str]] = MappingProxyType({})
) -> Callable[[LayerClass], LayerClass]:
    """Class decorator: make a layer known for files, for `get`, for the command line and for error messages.

    Args:
        formula: the formula in LaTeX.
        paper: the source, as an arXiv id or a citation.
        aliases: names in other frameworks with that framework's defaults as our arguments, such as
            `{"torch": "PReLU(shared_axes='all')"}`, reached as `get("torch:PReLU")`.

    Raises:
        ValueError: if the name is taken.
    """

    def declare(cls: LayerClass) -> LayerClass:
        name = cls.__name__
        if name in _declarations:
            raise ValueError(f"The layer name '{name}' is already in use. Choose another name.")
        given = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in aliases.items()}
        _declarations[name] = LayerDeclaration(cls, formula, paper, MappingProxyType(given))
        registry.add_layer(name, [f"{key}:{spec.parse(alias)[0]}" for key in given for alias in given[key]])
        keras_bridge.register(cls, "keras_acts", f"layers.{name}")
        return cls

    return declare


def names() -> list[str]:
    """Names of the layers, sorted.

    Example:
        >>> "PReLU" in keras_acts.layers.names()
        True
    """
    return sorted(_declarations)


def info(name: str) -> LayerDeclaration:
    """The record of a layer: name, formula, paper, aliases, class.

    Raises:
        ValueError: for an unknown name, with near matches.

    Example:
        >>> keras_acts.layers.info("PReLU").paper
        'arXiv:1502.01852'
    """
    if name not in _declarations:
        raise ValueError(_unknown(name))
    return _declarations[name]


def get(identifier: Any, **arguments: Any) -> keras.Layer:
    """A layer from a string, a class or a config dict; always a new one. A layer is returned as it is.

    Args:
        identifier: "PReLU", "PReLU(shared_axes=[1, 2])", "torch:PReLU", a layer class, a serialized layer, or a layer.
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
        cls, preset = _by_framework(name) if ":" in name else (info(name).cls, {})
        return _made(cls, positional, {**preset, **given, **arguments})
    if inspect.isclass(identifier) and issubclass(identifier, keras.Layer):
        return _made(identifier, (), arguments)
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


def _made(cls: type[keras.Layer], positional: tuple[Any, ...], arguments: dict[str, Any]) -> keras.Layer:
    accepted = inspect.signature(cls).parameters
    # What `**kwargs` takes is for the classes of Keras that it is built on.
    of_keras = [base for base in cls.__mro__ if base.__module__.startswith("keras.")]
    known = {"shared_axes"}.union(accepted, *(inspect.signature(base.__init__).parameters for base in of_keras))
    for argument in arguments.keys() - (known - {"kwargs"}):
        own = ", ".join(f"`{name}`" for name in accepted if name != "kwargs") or "no arguments of its own"
        raise TypeError(f"'{cls.__name__}' has no argument `{argument}`; it takes {own}. Received: {arguments}")
    return cls(*positional, **arguments)


def _by_framework(name: str) -> tuple[type[keras.Layer], dict[str, Any]]:
    """`"torch:PReLU"` -> PReLU and torch's own defaults."""
    framework, _, foreign = name.partition(":")
    for declaration in _declarations.values():
        for alias in declaration.aliases.get(framework, ()):
            alias_name, _, preset = spec.parse(alias)
            if alias_name == foreign:
                return declaration.cls, preset
    raise ValueError(_unknown(name))


def _unknown(name: str) -> str:
    bare = name.rpartition(":")[2]
    activation = registry.find(bare) or registry.find(bare.lower())
    if activation is not None and bare.lower() not in {known.lower() for known in _declarations}:
        return (
            f"'{name}' is an activation function without weights, not a layer. "
            f"Use keras.layers.Activation('{activation.name}'). Received: {name!r}"
        )
    spellings = {
        spec.parse(alias)[0].lower(): declaration.name
        for declaration in _declarations.values()
        for alias in (*(a for group in declaration.aliases.values() for a in group), declaration.name)
    }
    plain = bare.lower().replace("_", "").replace("-", "")
    close = [plain] if plain in spellings else difflib.get_close_matches(plain, spellings, n=3, cutoff=0.6)
    near = dict.fromkeys(spellings[match] for match in close)
    question = f" Did you mean {' or '.join(repr(match) for match in near)}?" if near else ""
    return f"Unknown layer.{question} `keras_acts.layers.names()` lists all. Received: {name!r}"
