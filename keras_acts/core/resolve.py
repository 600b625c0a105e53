"""How a string, dict or callable becomes an activation, and back: the names of `keras.activations`, and the records."""

import difflib
import fnmatch
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import keras

from keras_acts.core import spec
from keras_acts.core.activation import Activation, BoundActivation, activations, stay_registered
from keras_acts.core.params import Trait, illegal
from keras_acts.core.registry import SCRIPTS, Registry, framework_of

# The layers of keras_acts, filled by `keras_acts.layers`, for errors that name the layer to use.
layers: Registry[Any] = Registry("layers")

# Names of other frameworks that could be mistaken for something here, with the reason why they are not had.
REFUSED: dict[str, str] = {}

find = activations.find


def names(pattern: str | None = None, trait: Trait | str | None = None, family: str | None = None) -> list[str]:
    """Names of the activations, sorted.

    Args:
        pattern: shell-style pattern, such as "*lu*", in whatever case.
        trait: keep those with this `Trait`.
        family: keep those of this family: "rectifiers", "periodic", "softmax", ...

    Raises:
        ValueError: for an unknown trait or family, with near matches, or a pattern that is no string.

    Example:
        >>> keras_acts.names("gelu*")
        ['gelu', 'gelu_tanh']
    """
    stay_registered()
    families = {record.family for record in activations.current().values()} - {*SCRIPTS}
    for argument, value, known in (("trait", trait, [*map(str, Trait)]), ("family", family, sorted(families))):
        if value is not None and value not in [*known, *SCRIPTS]:
            near = difflib.get_close_matches(str(value), known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"`{argument}` must be one of: {', '.join(known)}.{hint} Received: {argument}={value!r}")
    records = activations.current().values()
    kept = [each for each in records if trait in (None, *each.traits) and family in (None, each.family)]
    return matching(pattern, (each.name for each in kept))


def matching(pattern: str | None, names: Iterable[str]) -> list[str]:
    """The names that fit a shell-style pattern, in whatever case, sorted; all of them for None."""
    if not isinstance(pattern, str | None):
        raise ValueError(illegal("pattern", pattern, "names", "a string such as '*lu*', or None"))
    return sorted(name for name in names if fnmatch.fnmatchcase(name.lower(), (pattern or "*").lower()))


def info(name: Any) -> Activation:
    """The record of an activation: name, formula, paper, params, traits, range, initializer, aliases, source, ...

    Args:
        name: a name, or a spec string such as "gelu(approximate=True)", whose record has these values as defaults; or
            the function or bound activation itself.

    Raises:
        ValueError: for an unknown name, with near matches, or what is no activation of keras_acts.

    Example:
        >>> keras_acts.info("mish").paper
        'arXiv:1908.08681'
    """
    stay_registered()
    record, params = declaration_of(get(name))
    if record is None:
        raise ValueError(f"Only activations of keras_acts have a record. Received: {name!r}")
    return record if params == record.defaults else record.at(params)


def declaration_of(activation: Callable[..., Any]) -> tuple[Activation | None, dict[str, Any]]:
    """The record behind a function or bound activation of ours, and its parameters; None for other callables."""
    if isinstance(activation, BoundActivation):
        return activation.declaration, dict(activation.all_params)
    record = getattr(activation, "declaration", None)
    if isinstance(record, Activation) and record.function is activation:
        return record, record.defaults
    return None, {}


def get(identifier: Any, **params: Any) -> Callable[..., Any]:
    """An activation from a name, a spec string, an alias, a callable or a config dict.

    A bare name gives our function, also for names that Keras has; a name with parameters gives a bound activation: a
    callable object that is saved with its parameters. `None` gives `identity`.

    Args:
        identifier: "elu", "elu(alpha=0.5)", "torch:LeakyReLU(0.1)" as torch means it, a callable, a serialized
            activation, or None.
        **params: parameters to bind; they win over those in the string. Scalars of NumPy count as numbers and bools; a
            weight to learn belongs to a layer.

    Returns:
        A function of float tensors, which refuses integers, such as those of `np.arange(9)`: cast them first. With
        parameters it is a `BoundActivation`.

    Raises:
        ValueError: for an unknown name, a malformed string or a value out of range; for a class in place of one of its
            instances, which would take the tensor for an argument; for a variable or tensor as a parameter.
        TypeError: for an unknown parameter, or parameters with something that takes none.

    Example:
        >>> keras_acts.get("elu", alpha=0.5)
        elu(alpha=0.5)
    """
    stay_registered()
    if identifier is None:
        identifier = "identity"
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str):
        return _from_string(identifier, params)
    if not callable(identifier) or inspect.isclass(identifier):
        made = f" Make one: {identifier.__name__}()." if inspect.isclass(identifier) else ""
        raise ValueError(
            f"An activation must be a name, a spec string, a callable or a config dict.{made} "
            f"Received: {identifier!r} of type {type(identifier).__name__}"
        )
    if not params:
        return identifier
    if isinstance(identifier, BoundActivation):
        return identifier.declaration.with_params({**identifier.params, **params})
    record, _ = declaration_of(identifier)
    if record is not None:
        return record.with_params(params)
    raise TypeError(
        f"Only activations of keras_acts take parameters. Received: {identifier!r} with {spec.format('', params)}"
    )


def _from_string(text: str, params: dict[str, Any]) -> Callable[..., Any]:
    name, args, kwargs = spec.parse(text)
    plain = not (args or kwargs or params or text.rstrip().endswith(")"))
    foreign = activations.from_foreign(name, args, kwargs, params) if ":" in name else None
    if foreign is not None:
        record, given = foreign
        return record.function if plain and record.bind((), given) == record.defaults else record.with_params(given)
    found = find(name)
    if found is None:
        raise ValueError(unknown(name))
    if plain:
        return found.function
    bound = found.bind(args, kwargs)  # also checks positional values and duplicates
    named = {key: bound[key] for key in bound if key in kwargs or key in list(found.params)[: len(args)]}
    return found.with_params({**named, **params})


def serialize(activation: Callable[..., Any]) -> Any:
    """The config of an activation, as Keras layers write it into files.

    Example:
        >>> activations.serialize(activations.get("elu(alpha=0.5)"))["config"]
        {'activation': 'keras_acts>activations.elu', 'params': {'alpha': 0.5}}
    """
    stay_registered()
    return keras.activations.serialize(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The activation of a config made by `serialize`, or of a name.

    Example:
        >>> activations.deserialize(activations.serialize(activations.get("elu(alpha=0.5)")))
        elu(alpha=0.5)
    """
    stay_registered()
    if isinstance(config, str):
        return (custom_objects or {}).get(config) or get(config)
    return keras.saving.deserialize_keras_object(config, custom_objects=dict(custom_objects or {}))


_OURS = ("keras_acts", *(f"keras_acts.{part}" for part in ("activations", "layers", "initializers", "authoring")))


def no_attribute(module: str, name: str) -> NoReturn:
    """Refuse an attribute that a module lacks, with where it is, in keras_acts or Keras, or what is close to it.

    Names of the module come first, and those of the module that Keras has for the same; other frameworks' come last.
    """
    plain, known = name.lower().replace("_", ""), dict[str, str]()
    # Not all of ours, while keras_acts is being imported.
    modules: dict[str, Any] = {each: sys.modules[each] for each in _OURS if each in sys.modules}
    modules |= {"keras.layers": keras.layers, "keras.initializers": keras.initializers}
    for place in sorted(modules, key=lambda place: place[-6:] != module[-6:]):
        listed = vars(modules[place])
        for each in listed["__dir__"]() if "__dir__" in listed else listed.get("__all__", listed):
            if each[0] != "_":
                known.setdefault(each.lower().replace("_", ""), f"{place}.{each}")
    for place, registry in zip(_OURS[1:], (activations, layers), strict=False):
        for record in registry.spelled_like(name):
            known.setdefault(plain, f"{place}.{record}")
    own = [each for each in known if known[each].startswith(f"{module}.")]
    near = [plain] if plain in known else difflib.get_close_matches(plain, own, n=3, cutoff=0.75)
    meant = " or ".join(known[match] for match in near or difflib.get_close_matches(plain, known, n=3))
    raise AttributeError(f"module {module!r} has no attribute {name!r}." + (f" Did you mean {meant}?" if meant else ""))


def unknown(name: str) -> str:
    """The error text for a name that is not an activation: what it is instead, or what is close to it."""
    refused = REFUSED.get(name.partition("(")[0])
    if refused is not None:
        return f"{refused} Received: {name!r}"
    layer = layer_spelled(name)
    named_as_layer = layers.find_foreign(name) is not None or "layers." in name
    if layer is not None and (named_as_layer or (find(name.lower()) is None and not activations.spelled_like(name))):
        return (
            f"'{name}' is not an activation function but a layer, with weights, randomness or a change of shape. "
            f"Add the layer instead: {layer}.{of_a_file(name)} Received: {name!r}"
        )
    with_weights = f" With weights, it is a layer: {layer}." if (layer or "").startswith("keras_acts.") else ""
    return (
        f"Unknown activation.{activations.did_you_mean(name)}{with_weights}{of_a_file(name)}{spec.formula_hint(name)} "
        f"`keras_acts.names()` lists all. Received: {name!r}"
    )


def of_a_file(name: str) -> str:
    """What to do where a file has a name as TF Addons registered it, such as "Addons>mish"; or nothing."""
    known = layers.spelled_in_framework(name) or activations.spelled_in_framework(name)
    is_registered = name.startswith("Addons>") and known is not None
    return " Files with such names load after `import keras_acts.compat.tfa`." if is_registered else ""


def layer_spelled(name: str) -> str | None:
    """What to write for the layer of that name: `keras_acts.layers.PReLU()`, `keras_acts.layers.get('torch:GLU')`."""
    foreign = layers.spelled_in_framework(name)
    if foreign is not None:
        return f"keras_acts.layers.get({foreign!r})"
    framework, plain = framework_of(name), spec.parse(name)[0].rpartition(".")[2].lower().replace("_", "")
    ours = {record.lower(): f"keras_acts.layers.{record}()" for record in layers.current()}
    theirs = [layer for layer, member in vars(keras.layers).items() if hasattr(member, "compute_output_shape")]
    builtin = {layer.lower(): f"keras.layers.{layer}()" for layer in theirs}
    return {**builtin, **ours}.get(plain) if framework is None else builtin.get(plain) if framework == "keras" else None
