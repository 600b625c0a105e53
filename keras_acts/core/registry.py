"""Tables of records by name: which activations and which layers there are, and what other frameworks call them."""

import difflib
import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar

from keras_acts.core import spec


class Declared:
    """What the records of activations and of layers have in common: names, and what their declaration in code tells."""

    kind: ClassVar[str]  # in registered names: "activations" or "layers"
    name: str
    package: str
    aliases: Mapping[str, tuple[str, ...]]  # by framework, spec strings with its names and its defaults as parameters

    @property
    def declared(self) -> Any:
        """The function or class."""
        raise NotImplementedError

    @property
    def registered_name(self) -> str:
        """The name in saved files, which never changes: `keras_acts>activations.snake`."""
        return registered_name(self.package, self.kind, self.name)

    @property
    def family(self) -> str:
        """The file that declares it: rectifiers, periodic, softmax, ..."""
        return self.declared.__module__.rpartition(".")[2]

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
        declared = inspect.unwrap(
            getattr(self.declared, "func", self.declared)
        )  # not where a decorator of the body stands
        path = inspect.getsourcefile(declared)
        if path is None:
            return "unknown"
        package = declared.__module__.partition(".")[0]
        _, found, inside = path.replace(os.sep, "/").rpartition(f"/{package}/")
        return f"{package}/{inside}:{inspect.getsourcelines(declared)[1]}" if found else path


Record = TypeVar("Record", bound=Declared)


def registered_name(package: str, kind: str, name: str) -> str:
    """`keras_acts>activations.snake`.

    Never `keras_acts>snake`: Keras takes any registered key that ends in `>snake` for the unregistered `snake` that
    another author's file names.
    """
    return f"{package}>{kind}.{name}"


def aliases_by_framework(aliases: Mapping[str, str | Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    """`{"keras jax": "relu"}`, as declarations write it, is `{"keras": ("relu",), "jax": ("relu",)}`."""
    found: dict[str, tuple[str, ...]] = {}
    for frameworks, spelled in aliases.items():
        names = (spelled,) if isinstance(spelled, str) else tuple(spelled)
        for framework in frameworks.split():
            found[framework] = found.get(framework, ()) + names
    return MappingProxyType(found)


class Registry(Generic[Record]):
    """Records by registered name. Of two with one bare name the newer counts.

    Args:
        kind: what the records are, as in registered names: "activations" or "layers".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._records: dict[str, Record] = {}
        self._notations: dict[str, Callable[[str], Record]] = {}

    def add(self, record: Record, *, replace: bool = False) -> None:
        """Make a record known, or leave everything as it was and raise.

        Raises:
            ValueError: if the name is taken.
        """
        taken = self.find(record.name)
        # What is declared twice in one place is a cell of a notebook, run again.
        if taken is not None and not replace and _place(taken) != _place(record):
            raise ValueError(
                f"The {self.kind[:-1]} name '{record.name}' is already in use by '{taken.registered_name}'. "
                "Choose another name, or pass `replace=True`."
            )
        self._records.pop(record.registered_name, None)
        self._records[record.registered_name] = record

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
        return next((record for record in current.values() if name in record.aliases.get("keras", ())), None)

    def find_foreign(self, name: str) -> tuple[Record, tuple[Any, ...], dict[str, Any]] | None:
        """`"torch:LeakyReLU"` -> our record and torch's own defaults, positional and by name; or None."""
        framework, _, foreign = name.partition(":")
        for record in self.current().values():
            for alias in record.aliases.get(framework, ()):
                alias_name, args, defaults = spec.parse(alias)
                if alias_name == foreign:
                    return record, args, defaults
        return None

    def spelled_like(self, name: str) -> list[str]:
        """Names of the records that some framework spells this way, whatever the case, underscores or prefix."""
        return list(self._spellings().get(_plain(name), ()))

    def near(self, name: str) -> list[str]:
        """Names of the records that `name` may be meant for: those that are spelled so, or else close to it."""
        spellings = self._spellings()
        plain = _plain(name)
        own = [_plain(record) for record in self.current()]
        matches = [plain] if plain in spellings else difflib.get_close_matches(plain, own, n=3, cutoff=0.6)
        matches = matches or difflib.get_close_matches(plain, spellings, n=3, cutoff=0.6)
        return list(dict.fromkeys(record for match in matches for record in spellings[match]))

    def did_you_mean(self, name: str) -> str:
        """` Did you mean 'snake'?`, or nothing."""
        near = self.near(name)
        return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""

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


def _place(record: Declared) -> tuple[Any, ...]:
    """Where the record is declared, in code."""
    return record.registered_name, record.declared.__module__, getattr(record.declared, "__qualname__", record)


def _plain(spelling: str) -> str:
    return spec.parse(spelling)[0].rpartition(">")[2].rpartition(":")[2].replace("_", "").replace("-", "").lower()
