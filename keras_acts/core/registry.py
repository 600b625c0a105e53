"""Tables of records by name: which activations and which layers there are, and what other frameworks call them."""

import difflib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from keras_acts.core import spec

SCRIPTS = ("__main__", "__mp_main__")  # the module of a notebook or script, and of one in a worker process


def package_of(module: str | None) -> str:
    """The top-level name of a module, or "Custom", as in Keras, in a script or notebook, and in code of no module."""
    return "Custom" if module is None or module in SCRIPTS else module.partition(".")[0]


class Declared:
    """What the records of activations and of layers have in common: names, and what their declaration in code tells."""

    kind: ClassVar[str]  # in registered names: "activations" or "layers"
    name: str
    package: str
    aliases: Mapping[str, tuple["Alias", ...]]  # by framework, its names with its arguments and their defaults
    declared: Any  # the function or class that was decorated
    place: tuple[Any, ...] = ()  # package, module, code and instruction that declared it; set by the registry

    @property
    def registered_name(self) -> str:
        """The name in saved files, which never changes: `keras_acts>activations.snake`."""
        return registered_name(self.package, self.kind, self.name)

    @property
    def family(self) -> str:
        """The file that declares it: rectifiers, periodic, softmax, ..."""
        return (self.declared.__module__ or SCRIPTS[0]).rpartition(".")[2]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.declared) or "").partition("\n")[0]

    @property
    def paper(self) -> str | None:
        """Head of the first reference in the docstring, up to a comma: "arXiv:1908.08681". None where none is given."""
        found = re.search(r"^Reference:\n? *([^,;\n]+)", inspect.getdoc(self.declared) or "", re.MULTILINE)
        return found[1].strip().rstrip(".") if found else None

    @property
    def source(self) -> str:
        """File and line of the declaration, such as `keras_acts/activations/periodic.py:20`."""
        # Not where a decorator of the body stands.
        declared = inspect.unwrap(getattr(self.declared, "func", self.declared))
        path = inspect.getsourcefile(declared)
        if path is None:
            return "unknown"
        package = (declared.__module__ or SCRIPTS[0]).partition(".")[0]
        _, found, inside = path.replace(os.sep, "/").rpartition(f"/{package}/")
        return f"{package}/{inside}:{inspect.getsourcelines(declared)[1]}" if found else path


Record = TypeVar("Record", bound=Declared)


def registered_name(package: str, kind: str, name: str) -> str:
    """`keras_acts>activations.snake`.

    Never `keras_acts>snake`: Keras takes any registered key that ends in `>snake` for the unregistered `snake` that
    another author's file names.
    """
    return f"{package}>{kind}.{name}"


class Alias(str):
    """What another framework calls a record, with its arguments in its order: `LeakyReLU(negative_slope=0.01)`.

    Args:
        text: the name, and in brackets, as in a Python signature, those arguments of the framework that ours share name
            and meaning with. What follows a `*` are settings of ours alone that make it behave as theirs.
        convert: a function of the framework's arguments, where they have other names or meanings, that returns ours;
            `text` is the name then. Left out of its signature is what we cannot do, and so refuse. An argument that it
            does not use changes nothing here. `channels`, among the results, is how many our layer's input must have.
    """

    name: str
    signature: inspect.Signature
    convert: Callable[..., dict[str, Any]]
    names: Sequence[str]  # of our arguments

    def __new__(
        cls, text: str, convert: Callable[..., dict[str, Any]] | None = None, names: Sequence[str] = ()
    ) -> "Alias":
        """The alias of this text, whose values without a name are for `names`, ours, or of this name and function."""
        if convert is None:
            shared, star, settings = text.partition("*, ")
            name, values, defaults = spec.parse(shared + settings)
            fixed = spec.parse(f"{name}({settings}")[2] if star else {}
            kinds = {True: inspect.Parameter.KEYWORD_ONLY, False: inspect.Parameter.POSITIONAL_OR_KEYWORD}
            taken = {**dict(zip(names[: len(values)], values, strict=True)), **defaults}
            parameters = [inspect.Parameter(key, kinds[key in fixed], default=taken[key]) for key in taken]
        else:
            name, empty = text, inspect.Parameter.empty
            parameters = [each.replace(annotation=empty) for each in inspect.signature(convert).parameters.values()]
        signature = inspect.Signature(parameters)
        # torch's `inplace` is accepted and means nothing, so it is not shown.
        shown = f"{name}{signature}" if convert else re.sub(r"\(inplace=False\)|, inplace=False", "", text)
        alias = super().__new__(cls, shown)
        alias.name, alias.signature, alias.convert, alias.names = name, signature, convert or dict, names
        return alias

    @property
    def call(self) -> str:
        """The name, with the arguments that the framework does not do without: `Softmax(dim=-1)`."""
        asked = [each.name for each in self.signature.parameters.values() if each.default is each.empty]
        values = ", ".join(f"{name}={-1 if name == 'dim' else '...'}" for name in asked)
        return f"{self.name}({values})" if asked else self.name

    def ours(self, args: Iterable[Any], kwargs: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Our arguments for those that are given in the framework's way; ours, by name, may be among them.

        Raises:
            TypeError: if the framework does not take them so.
        """
        theirs = self.signature.parameters
        given = self.signature.bind_partial(*args, **{key: kwargs[key] for key in kwargs if key in theirs}).arguments
        given.update({key: overrides[key] for key in overrides if key in theirs})
        bound = self.signature.bind(**given)
        bound.apply_defaults()
        if not isinstance(bound.arguments.pop("inplace", False), bool):
            raise TypeError("`inplace` must be True or False, and changes nothing here")
        own = {key: value for key, value in {**kwargs, **overrides}.items() if key not in {"inplace", *theirs}}
        return {**self.convert(**bound.arguments), **own}


def aliases_by_framework(
    aliases: Mapping[str, str | Iterable[str]], names: Sequence[str]
) -> Mapping[str, tuple[Alias, ...]]:
    """`{"keras jax": "silu swish"}`, as declarations write it: both names of both frameworks.

    `names` are those of our arguments.
    """
    found: dict[str, tuple[Alias, ...]] = {}
    for frameworks, spelled in aliases.items():
        converted = spelled if isinstance(spelled, Mapping) else {}
        for text in (spelled,) if isinstance(spelled, str) else spelled:
            head = text.partition("(")[0]
            made = tuple(Alias(text.replace(head, name, 1), converted.get(text), names) for name in head.split())
            for framework in frameworks.split():
                found[framework] = found.get(framework, ()) + made
    return MappingProxyType(found)


# What begins the names of a framework elsewhere: in code, and in files of Keras 2.
FRAMEWORKS = {"addons": "tfa", "tensorflow_addons": "tfa", "tensorflow": "tf", "transformers": "hf"}
FRAMEWORKS |= {"nn": "torch", "f": "torch"}


def framework_of(name: str) -> str | None:
    """`"torch"` for "torch:PReLU", "torch.nn.PReLU" and the like; None for a name without a framework."""
    *places, _ = re.split("[.:>]", name.partition("(")[0])
    if not places or places[0] == "keras_acts":
        return None
    return "keras" if "keras" in places else FRAMEWORKS.get(places[0].lower(), places[0])


class Registry(Generic[Record]):
    """Records by registered name, and named formulas by name. Of two with one bare name the newer counts.

    Args:
        kind: what the records are, as in registered names: "activations" or "layers".
    """

    named_layers: ClassVar[set[str]] = set()  # by `define(..., trainable=...)`

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._records: dict[str, Record] = {}
        self._notations: dict[str, Callable[[str], Record]] = {}

    def add(self, record: Record, package: str | None = None, *, replace: bool = False) -> None:
        """Make a record known, or leave everything as it was and raise. To be called where users declare.

        Raises:
            ValueError: if the name or an alias is taken by another package or module, or another line of the same code.
        """
        taken, user = self.find(record.name), sys._getframe(2)
        module = str(user.f_globals.get("__name__"))
        place = package or package_of(module), module, user.f_code, user.f_lasti
        anew = taken is not None and taken.name == record.name and _is_anew(place, taken.place)
        if taken is not None and not replace and not anew:
            raise ValueError(
                f"The {self.kind[:-1]} name '{record.name}' is already in use by '{taken.registered_name}'. "
                "Choose another name, or pass `replace=True`."
            )
        for framework, alias in [(each, alias) for each in record.aliases for alias in record.aliases[each]]:
            found = self.find_foreign(f"{framework}:{alias.name}")
            other = self.find(alias.name) if framework == "keras" else found and found[0]
            if not (other is None or other.name == record.name or replace or _is_anew(place, other.place)):
                used = f"'{framework}:{alias.name}' of '{record.name}' is already in use by '{other.registered_name}'"
                raise ValueError(f"The alias {used}. Leave it out of `aliases`, or pass `replace=True`.")
        record.place = place
        for key in (record.name, record.registered_name):
            self._records.pop(key, None)
        # Two names of one formula are two records. A file that names a formula needs none of them.
        self._records[record.name if spec.is_notation(record.registered_name) else record.registered_name] = record

    def add_notation(self, prefix: str, from_string: Callable[[str], Record]) -> None:
        """Resolve strings that start with `prefix`, such as "formula: x*tanh(x)", through `from_string`."""
        self._notations[prefix] = from_string
        spec.NOTATIONS.add(prefix)

    def current(self) -> dict[str, Record]:
        """The records by bare name."""
        return {record.name: record for record in self._records.values()}

    def find(self, name: str) -> Record | None:
        """The record of a name, of "package>name", of a registered name or of a plain alias ("swish"), or None."""
        if name in self._records:
            return self._records[name]
        for prefix, from_string in self._notations.items():
            if name.lstrip().startswith(prefix):
                return from_string(name)
        package, mark, bare = name.partition(">")
        if mark:
            return self._records.get(registered_name(package, self.kind, bare))
        current = self.current()
        if name in current:
            return current[name]
        return next((record for record in reversed(current.values()) if name in record.aliases.get("keras", ())), None)

    def find_foreign(self, name: str) -> tuple[Record, Alias] | None:
        """`"torch:LeakyReLU"` -> our record and what torch's takes; or None."""
        framework, _, foreign = name.partition(":")
        foreign = foreign.removesuffix("_") if framework == "torch" else foreign  # the mark of its in-place functions
        for record in reversed(self.current().values()):
            for alias in record.aliases.get(framework, ()):
                if alias.name == foreign:
                    return record, alias
        return None

    def from_foreign(
        self, name: str, args: Iterable[Any], kwargs: Mapping[str, Any], overrides: Mapping[str, Any]
    ) -> tuple[Record, dict[str, Any]] | None:
        """Our record of "torch:LeakyReLU", and our arguments for those given, which are meant as torch means them.

        Raises:
            TypeError: for arguments that torch's does not take so, or that ours cannot have.
        """
        found = self.find_foreign(name)
        if found is None:
            return None
        record, alias = found
        try:
            return record, alias.ours(args, kwargs, overrides)
        except TypeError as error:
            by_name = ", ".join(f"`{argument}`" for argument in alias.names) or "no arguments"
            given = [*map(repr, args), *(f"{key}={value!r}" for key, value in {**kwargs, **overrides}.items())]
            raise TypeError(
                f"Of {name.partition(':')[0]}'s arguments, these are understood: '{alias}', as in "
                f"'{name.partition(':')[0]}:{alias.call}' ({error}). "
                f"By name, '{record.name}' takes {by_name}. Received: {name}({', '.join(given)})"
            ) from None

    def spelled_in_framework(self, name: str) -> str | None:
        """`"torch:LeakyReLU"` for "torch:leaky_relu", "torch.nn.LeakyReLU" and the like; or None."""
        return self._of_framework(framework_of(name)).get(_plain(name))

    def _of_framework(self, framework: str | None) -> dict[str, str]:
        records = self.current().values() if framework else ()
        aliases = [alias for record in records for alias in record.aliases.get(str(framework), ())]
        return {_plain(alias): f"{framework}:{alias.call}" for alias in reversed(aliases)}

    def spelled_like(self, name: str) -> list[str]:
        """Names of the records that some framework spells this way, whatever the case, underscores or prefix."""
        return list(self._spellings().get(_plain(name), ()))

    def near(self, name: str) -> list[str]:
        """What `name` may be meant for: records that are spelled so, or else close to it.

        Where a framework is named, its own name comes first, and alone: its defaults may be others.
        """
        spellings, theirs = self._spellings(), self._of_framework(framework_of(name))
        plain = _plain(name)
        if plain in theirs or plain not in spellings:
            for match in difflib.get_close_matches(plain, theirs, n=1, cutoff=0.75):
                return [theirs[match]]
        own = [_plain(record) for record in self.current()]
        matches = [plain] if plain in spellings else difflib.get_close_matches(plain, own, n=3, cutoff=0.6)
        matches = matches or difflib.get_close_matches(plain, spellings, n=3, cutoff=0.6)
        return list(dict.fromkeys(record for match in matches for record in spellings[match]))

    def did_you_mean(self, name: str) -> str:
        """` Did you mean 'snake'?`, or nothing."""
        if name in self.named_layers:
            return " It is a layer that `define` returned: those with weights have no string, use the layer itself."
        near, framework = self.near(name), framework_of(name)
        own = framework and not any(framework_of(match) for match in near)
        defaults = f", with defaults of its own and not those of {framework}" if own else ""
        return f" Did you mean {' or '.join(map(repr, near))}{defaults}?" if near else ""

    def _spellings(self) -> dict[str, list[str]]:
        spellings: dict[str, list[str]] = {}
        for record in self.current().values():
            aliases = [alias for group in record.aliases.values() for alias in group]
            for spelling in {_plain(record.name), *map(_plain, aliases)}:
                spellings.setdefault(spelling, []).append(record.name)
        return spellings

    def snapshot(self) -> dict[str, Record]:
        """All records, for `restore`."""
        return dict(self._records)

    def restore(self, records: dict[str, Record]) -> None:
        """Go back to a `snapshot`, as after a test that declares activations of its own."""
        self._records = dict(records)


def _is_anew(place: tuple[Any, ...], before: tuple[Any, ...]) -> bool:
    """Whether this is a cell or module run again, edited or reloaded; not a second declaration in one run of it.

    Code that is read again is another object. In a notebook or script the later one counts, as for any name.
    """
    is_run_again = place[2] is not before[2] or place[3] == before[3]
    return place[:2] == before[:2] and (is_run_again or place[1] in SCRIPTS)


def _plain(spelling: str) -> str:
    return re.split("[.:>]", spelling.partition("(")[0])[-1].strip().replace("_", "").replace("-", "").lower()
