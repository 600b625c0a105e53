"""Another activation in a model that exists: a copy with the same weights."""

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, overload

import keras

from keras_acts.core import keras_bridge, places, resolve, spec
from keras_acts.core import operations as ops
from keras_acts.core.activation import BoundActivation
from keras_acts.core.places import Place, Where
from keras_acts.inspection.findings import as_text
from keras_acts.layers import as_activation_argument
from keras_acts.layers.layer_registry import function_or_layer

__all__ = ["Replaced", "Replacement", "replace"]


@dataclass(frozen=True)
class Replacement:
    """One activation that was to be replaced: where, by what, and, if it was not, why."""

    layer: str
    attribute: str
    before: str
    after: str
    problem: str = ""

    def __str__(self) -> str:
        where = f"{self.layer}.{self.attribute}" if self.attribute else self.layer
        done = f"{where}: {self.before} -> {self.after}"
        return f"{where} stays {self.before}: {self.problem}" if self.problem else done


@dataclass
class Replaced:
    """What `replace` has done and what it could not. It prints as a table.

    Args:
        replacements: one for each activation that is meant.
        left: what is left to you, a sentence each.
        notes: what is good to know, a sentence each.
    """

    replacements: list[Replacement] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        from rich import box
        from rich.table import Table

        table = Table("layer", "attribute", "before", "after", "problem", box=box.SIMPLE)
        for each in self.replacements:
            table.add_row(each.layer, each.attribute, each.before, each.after, each.problem)
        return as_text(table, *self.left, *self.notes, width=120)


@overload
def replace(
    model: keras.Model, changes: Mapping[Any, Any], where: Where = None, *, report: Literal[False] = False
) -> keras.Model: ...
@overload
def replace(
    model: keras.Model, changes: Mapping[Any, Any], where: Where = None, *, report: Literal[True]
) -> tuple[keras.Model, Replaced]: ...
def replace(model: keras.Model, changes: Mapping[Any, Any], where: Where = None, *, report: bool = False) -> Any:
    """A new model with other activations and the same weights. The model passed in stays as it is.

    Found are the activations of `keras_acts.inspection.activations_of`: in `activation=` and other attributes, layers
    and operations of their own; in Sequential and Functional models, in what they nest, in wrappers and cells, and in
    your own classes, which must come back from their `get_config`. What a `call` does in its own code stays.

    Layers keep their names. A layer with weights in place of `Dense(activation="relu")` comes after the Dense, which
    becomes linear. Weights of replaced layers are dropped, new ones start from their initializers. A pretrained model
    has to be trained on: its weights fit the old activation. A compiled model comes back compiled alike, its optimizer
    without memory of earlier steps.

    Args:
        model: a model, built or not.
        changes: from old to new. Old: a name ("relu", which is also `keras.layers.ReLU()`; "leaky_relu", whatever its
            slope), a spec string, a function, a layer or a class of layers. New: what `activation=` takes, with Keras'
            own meaning of Keras' names, or a layer, a class or a name of layers, of which each place gets its own.
        where: to replace some only: a name or path of a layer, or a regular expression for it; a class of layers; a
            function of a `Place`; or a list of such.
        report: True to get what was done and what could not be, too. Otherwise a warning tells the latter.

    Returns:
        The new model; with `report=True` the model and a `Replaced`.

    Raises:
        TypeError: if `model` is no Keras model or `changes` no mapping.
        ValueError: if nothing in the model is meant, an activation is unknown or changes the shape, or if a layer
            cannot be copied.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu", name="hidden")])
        >>> new, done = replace(model, {"relu": "mish"}, report=True)
        >>> print(done.replacements[0])
        hidden.activation: relu -> mish
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"`model` must be a keras.Model. Received: {model!r} of type {type(model).__name__}")
    if not isinstance(changes, Mapping) or not changes:
        raise TypeError(
            f"`changes` must be a mapping from old to new such as {{'relu': 'mish'}}. Received: {changes!r}"
        )
    new_by_old = [(_checked(old), _activation(new)) for old, new in changes.items()]
    found = places.chosen(places.activations_of(model), where)
    meant = {place: [new for old, new in new_by_old if _is_meant(place, old)] for place in found}
    targets = {place: news[0] for place, news in meant.items() if news}
    if not targets:
        has = ", ".join(sorted({place.name for place in found})) or "no activation that can be seen"
        raise ValueError(
            f"`changes` must name an activation of the model, which has: {has}. Received: {dict(changes)!r}"
        )
    copying = _Copying(model, targets)
    new_model = copying.finished()
    done = Replaced(copying.replacements(), copying.left, _notes(targets.values()))
    done.left += [] if where is not None else _in_code(model, [old for old, _ in new_by_old])
    done.left += _companions(new_model, {place.name for place in targets}, set(map(places.spelled, targets.values())))
    if model.compiled:
        done.left += _compiled_alike(model, new_model)
    if report:
        return new_model, done
    problems = [str(each) for each in done.replacements if each.problem] + done.left
    if problems:
        warnings.warn("replace leaves to you: " + "; ".join(problems), stacklevel=2)
    return new_model


# ---- What is meant ---------------------------------------------------------------------------------------------------


def _checked(old: Any) -> Any:
    if not isinstance(old, str):
        if not callable(old):
            raise TypeError(f"What is replaced must be a name, a function or a layer. Received: {old!r}")
        return old
    if spec.parse(old)[0] not in vars(keras.layers):
        _activation(old)
    return old


def _activation(new: Any) -> Any:
    """The function, as `activation=` understands it, or a layer to copy."""
    if new is None or isinstance(new, str):
        with contextlib.suppress(ValueError):  # the name of a layer, or unknown, which is told below
            return _keeping_shape(keras.activations.get(new))
    return _keeping_shape(function_or_layer(new))


def _keeping_shape(activation: Any) -> Any:
    shape: Any = (2, 4)
    with contextlib.suppress(Exception):  # of layers for images alone, and of what is told when it is called
        is_layer = isinstance(activation, keras.Layer)
        shape = activation.compute_output_shape((2, 4)) if is_layer else activation(ops.ones((2, 4))).shape
    if tuple(shape) != (2, 4):
        raise TypeError(f"An activation must keep the shape of its input. Received: {activation!r}")
    return activation


def _is_meant(place: Place, old: Any) -> bool:
    activation = place.activation
    if isinstance(old, type):
        return isinstance(activation, old)
    if not isinstance(old, str):
        return activation is old or (isinstance(old, BoundActivation) and activation == old)
    (name, args, kwargs), (own, _, given) = spec.parse(old), spec.parse(place.name)
    record = resolve.find(name)
    if record is None or record is not resolve.find(own):
        return name in (own, type(activation).__name__)
    return not (args or kwargs) or record.bind(args, kwargs) == record.bind((), given)


# ---- The copy --------------------------------------------------------------------------------------------------------


class _Copying:
    """One copy of a model, with another activation in some places.

    The graphs of Sequential and Functional models are made anew, of copies of their layers. Any other layer is copied
    by its config and changed in its attributes.
    """

    def __init__(self, model: keras.Model, targets: Mapping[Place, Any]) -> None:
        self.left: list[str] = []
        self._model = model
        self._targets = {(id(place.layer), place.attribute): target for place, target in targets.items()}
        self._wanted = targets
        self._held: dict[int, list[str]] = {}  # by the id of a layer, its attributes with activations
        for place in places.activations_of(model):
            self._held.setdefault(id(place.layer), []).extend([place.attribute] if place.attribute else [])
        self._copies: dict[int, Any] = {}  # by the id of the original
        self._behind: dict[int, keras.Layer] = {}  # by the id of a copy, the layer that comes after it
        self._pairs: list[tuple[keras.Layer, keras.Layer]] = []  # original and copy
        self._changed: set[int] = set()
        self._dropped: list[keras.Layer] = []
        self._added: list[keras.Layer] = []
        self._problems: dict[tuple[int, str], str] = {}

    def finished(self) -> keras.Model:
        """The copy of the model.

        Raises:
            ValueError: if layers are shared in a way that does not come back from configs.
        """
        new = self.of(self._model)
        # Of layers inside others last, as a setting goes on to all inside.
        for original, copy in sorted(self._pairs, key=lambda pair: -len(keras_bridge.sublayers(pair[0], True))):
            copy.trainable = original.trainable
        if self._model.built and len(_weights(self._model, self._dropped)) != len(_weights(new, self._added)):
            raise ValueError(
                "A model can be copied if none of your own classes shares a layer with what is outside of it. "
                f"Received: {self._model!r}, whose copy has other weights"
            )
        return new

    def replacements(self) -> list[Replacement]:
        """What was to be done, in the order of the places."""
        return [
            Replacement(
                place.path,
                place.attribute,
                place.name,
                places.spelled(target),
                self._problems.get((id(place.layer), place.attribute), ""),
            )
            for place, target in self._wanted.items()
        ]

    def of(self, layer: Any) -> Any:
        """The copy of a layer, model or operation, one for each."""
        if id(layer) not in self._copies:
            self._copies[id(layer)] = self._made(layer)
        return self._copies[id(layer)]

    def _made(self, layer: Any) -> Any:
        if self._is_exchanged(layer):
            return self._instead_of(layer)
        if not isinstance(layer, keras.Layer):
            return type(layer).from_config(layer.get_config())
        if isinstance(layer, keras.Sequential):
            new: keras.Layer = self._sequential(layer)
        elif keras_bridge.is_functional(layer):
            new = self._functional(layer)
        else:
            return self._by_config(layer)
        self._pairs.append((layer, new))
        if type(new) is not type(layer):
            self.left.append(f"'{layer.name}' is a {type(layer).__name__} and comes as {type(new).__name__}")
        return new

    def _is_exchanged(self, layer: Any) -> bool:
        """Whether another layer stands in its place: it is the activation, or holds no more than that."""
        holds_layer = type(layer) is keras.layers.Activation and self._becomes_layer(layer, "activation")
        return holds_layer or (id(layer), "") in self._targets

    def _becomes_layer(self, layer: Any, attribute: str) -> bool:
        return isinstance(self._targets.get((id(layer), attribute)), keras.Layer)

    def _instead_of(self, layer: Any) -> keras.Layer:
        target = next(
            self._targets[key] for key in ((id(layer), ""), (id(layer), "activation")) if key in self._targets
        )
        if not isinstance(target, keras.Layer):
            target = keras.layers.Activation(target)
        new = self._like(target, layer.name, layer)
        if isinstance(layer, keras.Layer):
            self._dropped.append(layer)
            self._pairs.append((layer, new))
        return new

    def _like(self, target: keras.Layer, name: str, place: Any) -> keras.Layer:
        """A layer of its own for one place, with the precision there."""
        dtype = {"dtype": place.dtype_policy} if isinstance(place, keras.Layer) else {}
        function = getattr(target, "activation", None)
        with _without_functions([target]):
            new = type(target).from_config({**target.get_config(), **dtype, "name": name})
        if isinstance(target, keras.layers.Activation):
            new.activation = function
        self._added.append(new)
        return new

    def _sequential(self, model: keras.Sequential) -> keras.Sequential:
        layers: list[Any] = []
        with contextlib.suppress(AttributeError):  # of one that is not built
            layers = list(map(_input, model.inputs))
        for layer in model.layers:
            copy = self.of(layer)
            layers += [copy, self._behind[id(copy)]] if id(copy) in self._behind else [copy]
        is_plain = type(model).__init__ is keras.Sequential.__init__
        return (type(model) if is_plain else keras.Sequential)(layers, name=model.name)

    def _functional(self, model: Any) -> keras.Model:
        def called(copy: Any, *args: Any, **kwargs: Any) -> Any:
            outputs = copy(*args, **kwargs)
            return self._behind[id(copy)](outputs) if id(copy) in self._behind else outputs

        bare = object.__new__(type(model))  # the same model without what was compiled, which is seen to at last
        bare.__dict__.update(vars(model), compiled=False)
        inputs = keras.tree.map_structure(_input, model.input)
        return keras.models.clone_model(bare, inputs, clone_function=self.of, call_function=called)

    def _by_config(self, layer: keras.Layer) -> keras.Layer:
        inside = [layer, *keras_bridge.sublayers(layer, recursive=True)]
        own = {type(each).__name__: type(each) for each in inside if not keras_bridge.is_keras_own(each)}
        with keras.saving.custom_object_scope({}) as scope:
            known = {**own, **scope.backup}
        try:
            with keras.saving.custom_object_scope(known), _without_functions(inside):
                new = type(layer).from_config(layer.get_config())
            _build_like(layer, new)
            for one, other in zip(layer.variables, new.variables, strict=True):
                other.assign(one.value)
            self._pairs += zip(inside, [new, *keras_bridge.sublayers(new, recursive=True)], strict=True)
        except Exception as error:  # whatever a user's get_config, constructor or build raises
            said = " ".join(str(error).split())[:300]
            raise ValueError(
                "A model can be copied if its layers come back from their config, with weights of the same shapes. Let "
                f"get_config of {type(layer).__name__} return every argument of its constructor. Received: "
                f"'{layer.name}', which fails with {type(error).__name__}: {said}"
            ) from error
        self._change(layer, new, is_node=True)
        return new

    def _change(self, layer: Any, new: Any, is_node: bool = False) -> None:
        """Put the functions of a layer, or the targets, into its copy, and so on inside. A node is one of a graph."""
        if id(layer) in self._changed:  # it is in two attributes
            return
        self._changed.add(id(layer))
        held = self._held.get(id(layer), [])
        inside = list(zip(places.parts(layer), places.parts(new), strict=True))
        for attribute in held:
            before = getattr(layer, attribute)
            if (id(layer), attribute) in self._targets:
                self._put(layer, new, attribute, is_node)
            elif not isinstance(before, keras.Layer):
                setattr(new, attribute, before)  # the very same
        of_held = {id(getattr(layer, attribute)) for attribute in held}
        for (where, part), (_, other) in inside:
            if id(part) in of_held:
                continue
            if where and (self._is_exchanged(part) or self._is_rewired(part)):
                keras_bridge.exchange(new, where, self.of(part))
                if keras_bridge.is_keras_own(layer) and layer.built and not self.of(part).built:
                    new.build_from_config(layer.get_build_config())  # a wrapper builds what it holds
            else:
                self._change(part, other)

    def _is_rewired(self, part: Any) -> bool:
        """Whether a graph inside of a layer changes by more than functions in attributes."""
        if not (isinstance(part, keras.Sequential) or keras_bridge.is_functional(part)):
            return False
        inside = places.activations_of(part)
        return any(
            (id(place.layer), "") in self._targets or self._becomes_layer(place.layer, place.attribute)
            for place in inside
        )

    def _put(self, layer: keras.Layer, new: Any, attribute: str, is_node: bool) -> None:
        """The target in an attribute. If it is a layer, behind that of a graph, or built, so that its weights count."""
        before, target = getattr(layer, attribute), self._targets[id(layer), attribute]
        if isinstance(target, keras.Layer):
            target = self._like(target, f"{layer.name}_{target.name}", layer)
            if is_node and keras_bridge.is_keras_own(layer) and attribute == "activation":
                self._behind[id(new)], target = target, keras.activations.linear
            elif problem := _built_for(target, layer):
                self._added.remove(target)
                self._problems[id(layer), attribute] = problem
                return
            else:
                as_activation_argument.hold(new, target)
        if isinstance(before, keras.Layer):
            self._dropped.append(before)
        if isinstance(before, keras.Layer) or isinstance(target, keras.Layer):
            keras_bridge.exchange(new, (attribute,), target)
        else:
            setattr(new, attribute, target)


def _input(tensor: Any) -> Any:
    """Such an input as this one of a model."""
    return keras.layers.InputLayer.from_config(keras_bridge.operation_behind(tensor).get_config()).output


@contextlib.contextmanager
def _without_functions(layers: list[keras.Layer]) -> Iterator[None]:
    """Inside, layers of Keras hold linear functions: a lambda or the like does not come back, whoever loads it."""
    changed = []
    try:
        for layer in layers:
            if keras_bridge.is_keras_own(layer):
                for name, value in vars(layer).items():
                    if "activation" in name and callable(value) and not isinstance(value, keras.Layer):
                        changed.append((layer, name, value))
        for layer, name, _ in changed:
            vars(layer)[name] = keras.activations.linear
        yield
    finally:
        for layer, name, value in changed:
            vars(layer)[name] = value


def _build_like(layer: keras.Layer, new: keras.Layer) -> None:
    """Give a copy its weights. What is inside is built by a `build` of its own, or else was by the first call."""
    shapes = layer.get_build_config() if layer.built and not new.built else None
    if shapes and type(layer).build not in (keras.Layer.build, keras.Model.build):
        new.build_from_config(shapes)
    for part, other in zip(keras_bridge.sublayers(layer), keras_bridge.sublayers(new), strict=True):
        _build_like(part, other)
    if shapes and not new.built:
        new.build_from_config(shapes)


def _built_for(target: keras.Layer, host: keras.Layer) -> str:
    """Build a layer for what `host` gives it, while nobody else would; or why not."""
    channels = getattr(host, "units", None) or getattr(host, "filters", None)
    if target.built or type(target).build is keras.Layer.build:
        return ""
    rank = 2 + (getattr(host, "rank", 0) or 0)
    try:
        target.build((None,) * (rank - 1) + (channels,))
    except Exception as error:  # whatever it says of a shape that is not known
        return f"{type(target).__name__} cannot be built there ({str(error).split('. ')[0]})"
    return ""


def _weights(model: keras.Model, without: list[keras.Layer]) -> set[int]:
    return {id(weight) for weight in model.weights} - {id(weight) for layer in without for weight in layer.weights}


# ---- What is left to the user ----------------------------------------------------------------------------------------


def _in_code(model: keras.Model, olds: list[Any]) -> list[str]:
    """The classes of the user's own whose `call` names an activation that is to be replaced."""
    names = {spec.parse(old)[0] if isinstance(old, str) else getattr(old, "__name__", "") for old in olds}
    found = {}
    for layer in [model, *keras_bridge.sublayers(model, recursive=True)]:
        code = getattr(type(layer).call, "__code__", None)
        if code is not None and not keras_bridge.is_keras_own(layer) and not places.is_activation(layer):
            found[type(layer).__name__] = sorted(names & {*code.co_names})
    return [
        f"{name} calls {' and '.join(called)} in its own code, which stays" for name, called in found.items() if called
    ]


def _companions(model: keras.Model, before: set[str], after: set[str]) -> list[str]:
    """Dropout that does not go with what is there now."""
    kinds: dict[str, list[str]] = {}
    for _, layer in places.layers_of(model):
        kinds.setdefault(type(layer).__name__, []).append(layer.name)
    is_selu = "selu" in {place.name.lower() for place in places.activations_of(model)}
    left = []
    if "selu" in {name.lower() for name in after} and "Dropout" in kinds:
        left.append(f"selu wants keras_acts.layers.AlphaDropout, and these stay Dropout: {', '.join(kinds['Dropout'])}")
    if "selu" in before and not is_selu and "AlphaDropout" in kinds:
        left.append(f"AlphaDropout goes with selu alone, and stays: {', '.join(kinds['AlphaDropout'])}")
    return left


def _notes(targets: Iterable[Any]) -> list[str]:
    names = sorted({places.spelled(target) for target in targets})
    pairs = ", ".join(f"keras_acts.paired({name!r})" for name in names)
    return [f"Weights and initializers stay. To train from scratch, take those of {pairs}."]


def _compiled_alike(model: keras.Model, new: keras.Model) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a `compile` of a user's own
            new.compile_from_config(model.get_compile_config())
    except Exception as error:  # of what a user has given that does not come back from a config
        return [f"the model is not compiled ({' '.join(str(error).split())[:100]})"]
    return [] if new.compiled else ["the model is not compiled, as its `compile` is of your own"]
