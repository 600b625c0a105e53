"""Which activations there are, and how a string, dict or callable becomes one of them."""

import difflib
import fnmatch
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import keras

from keras_acts.core import bound, spec

if TYPE_CHECKING:
    from keras_acts.core.declaration import Declaration, Trait

_declarations: dict[str, "Declaration"] = {}  # by registered name; of two with one bare name the newer counts
_notations: dict[str, Callable[[str], "Declaration"]] = {}
_layers: dict[str, str] = {}  # what to write instead of a layer's name: {"prelu": "keras_acts.layers.PReLU()"}


def _current() -> dict[str, "Declaration"]:
    return {declaration.name: declaration for declaration in _declarations.values()}


def add(declaration: "Declaration", *, replace: bool = False) -> None:
    """Make a declaration known, or leave everything as it was and raise."""
    taken = find(declaration.name)
    if taken is not None and not replace:
        raise ValueError(
            f"The activation name '{declaration.name}' is already in use by '{taken.registered_name}'. "
            "Choose another name, or pass `replace=True`."
        )
    _declarations.pop(declaration.registered_name, None)
    _declarations[declaration.registered_name] = declaration


def add_layer(name: str, foreign_names: Iterable[str] = ()) -> None:
    """Let the error for an unknown activation name this layer of keras_acts, also for names such as "torch:GLU"."""
    _layers[name.lower()] = f"keras_acts.layers.{name}()"
    for foreign in foreign_names:
        _layers.setdefault(foreign.lower().replace("_", ""), f"keras_acts.layers.get({foreign!r})")


def add_notation(prefix: str, from_string: Callable[[str], "Declaration"]) -> None:
    """Let strings with this prefix, such as "formula: x*tanh(x)", be records made by `from_string`."""
    _notations[prefix] = from_string
    spec.NOTATIONS.add(prefix)


def snapshot() -> dict[str, "Declaration"]:
    """All declarations, for `restore`."""
    return dict(_declarations)


def restore(declarations: dict[str, "Declaration"]) -> None:
    """Go back to a `snapshot`, as after a test that declares activations of its own."""
    _declarations.clear()
    _declarations.update(declarations)


def names(pattern: str | None = None, trait: "Trait | str | None" = None, family: str | None = None) -> list[str]:
    """Names of the activations, sorted.

    Args:
        pattern: shell-style pattern, such as "*lu*".
        trait: keep those with this `Trait`.
        family: keep those of this family: "rectifiers", "sigmoids", "softmax", ...

    Example:
        >>> keras_acts.names("gelu*")
        ['gelu', 'gelu_tanh']
    """
    return sorted(
        declaration.name
        for declaration in _current().values()
        if (pattern is None or fnmatch.fnmatchcase(declaration.name, pattern))
        and (trait is None or trait in declaration.traits)
        and (family is None or family == declaration.family)
    )


def find(name: str) -> "Declaration | None":
    """The declaration of a name, a registered name ("keras_acts>elu") or a plain alias ("swish"), or None."""
    if name in _declarations:
        return _declarations[name]
    for prefix, from_string in _notations.items():
        if name.lstrip().startswith(prefix):
            return from_string(name)
    current = _current()
    if name in current:
        return current[name]
    return next((d for d in current.values() if name in d.aliases.get("keras", ())), None)


def info(name: str) -> "Declaration":
    """The record of an activation: name, formula, paper, params, traits, aliases, derivative.

    Raises:
        ValueError: for an unknown name, with near matches.

    Example:
        >>> keras_acts.info("mish").paper
        'arXiv:1908.08681'
    """
    declaration = find(name)
    if declaration is None:
        raise ValueError(unknown(name))
    return declaration


def described(activation: Callable[..., Any]) -> tuple["Declaration | None", dict[str, Any]]:
    """The declaration behind a function or bound activation of ours, and its parameters; None for other callables."""
    if isinstance(activation, bound.BoundActivation):
        return activation.declaration, dict(activation.all_params)
    for declaration in _declarations.values():
        if declaration.function is activation:
            return declaration, declaration.defaults
    return None, {}


def get(identifier: Any, **params: Any) -> Callable[..., Any]:
    """An activation from a name, a spec string, an alias, a callable or a config dict.

    A bare name gives our function, also for names that Keras has; a name with parameters gives a bound activation: a
    callable object that is saved with its parameters. `None` gives `identity`.

    Args:
        identifier: "elu", "elu(alpha=0.5)", "torch:LeakyReLU", a callable, a serialized activation, or None.
        **params: parameters to bind; they win over those in the string.

    Returns:
        A function, or a `BoundActivation` where parameters are given.

    Raises:
        ValueError: for an unknown name, a malformed string or a value out of range.
        TypeError: for an unknown parameter, or parameters with something that takes none.

    Example:
        >>> keras_acts.get("elu", alpha=0.5)
        elu(alpha=0.5)
    """
    if identifier is None:
        identifier = "identity"
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str):
        return _from_string(identifier, params)
    if not callable(identifier):
        raise ValueError(
            "An activation must be a name, a spec string, a callable or a config dict. "
            f"Received: {identifier!r} of type {type(identifier).__name__}"
        )
    if not params:
        return identifier
    if isinstance(identifier, bound.BoundActivation):
        return identifier.declaration.with_params({**identifier.params, **params})
    declaration, _ = described(identifier)
    if declaration is not None:
        return declaration.with_params(params)
    raise TypeError(
        "Parameters can be bound to activations of keras_acts only. "
        f"Received: {identifier!r} with {spec.format('', params)}"
    )


def _from_string(text: str, params: dict[str, Any]) -> Callable[..., Any]:
    name, args, kwargs = spec.parse(text)
    foreign = ":" in name and not spec.is_notation(name)
    declaration, preset = _by_framework(name) if foreign else (find(name), {})
    if declaration is None:
        raise ValueError(unknown(name))
    if not (args or kwargs or params or preset or text.rstrip().endswith(")")):
        return declaration.function
    given = declaration.bind(args, kwargs)  # also checks positional values and duplicates
    named = {key: given[key] for key in given if key in kwargs or key in list(declaration.params)[: len(args)]}
    return declaration.with_params({**preset, **named, **params})


def _by_framework(name: str) -> tuple["Declaration | None", dict[str, Any]]:
    """`"torch:LeakyReLU"` -> leaky_relu and torch's own defaults."""
    framework, _, foreign = name.partition(":")
    for declaration in _current().values():
        for alias in declaration.aliases.get(framework, ()):
            alias_name, args, preset = spec.parse(alias)
            if alias_name == foreign:
                return declaration, {**dict(zip(declaration.params, args, strict=False)), **preset}
    return None, {}


def unknown(name: str) -> str:
    """The error text for a name that is not an activation: what it is instead, or what is close to it."""
    plain = spec.parse(name)[0].lower().replace("_", "")
    builtin = {layer.lower(): f"keras.layers.{layer}()" for layer in dir(keras.layers)}
    layer = _layers.get(plain, builtin.get(plain))
    if layer is not None and find(name.lower()) is None and not _spelled_like(name):
        return (
            f"'{name}' is not an activation function but a layer, with weights, randomness or a change of shape. "
            f"Add the layer instead: {layer}. Received: {name!r}"
        )
    near = _spelled_like(name) or difflib.get_close_matches(name.lower(), _current(), n=3, cutoff=0.6)
    question = f" Did you mean {' or '.join(repr(match) for match in near)}?" if near else ""
    trainable = f" With weights, it is a layer: {_layers[plain]}." if plain in _layers else ""
    return f"Unknown activation.{question}{trainable} `keras_acts.names()` lists all. Received: {name!r}"


def _spelled_like(name: str) -> list[str]:
    """Activations that some framework spells this way, whatever the case, underscores or prefix."""

    def plain(spelling: str) -> str:
        return spec.parse(spelling)[0].rpartition(":")[2].replace("_", "").replace("-", "").lower()

    return [
        declaration.name
        for declaration in _current().values()
        if plain(name)
        in {plain(declaration.name), *(plain(alias) for aliases in declaration.aliases.values() for alias in aliases)}
    ]


def hint_for_parameter(declaration: "Declaration", parameter: str) -> str:
    """` Use swish_beta(beta=...).` where a variant of that name has the parameter that this activation lacks."""
    for name in (declaration.name, *declaration.aliases.get("keras", ())):
        variant = find(f"{name}_{parameter}")
        if variant is not None and parameter in variant.params:
            return f" Use '{variant.name}({parameter}=...)'."
    return ""
