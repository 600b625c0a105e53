"""An activation with parameters bound: `keras_acts.get("elu", alpha=0.5)`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from keras_acts.core import registry, spec

if TYPE_CHECKING:
    from keras_acts.core.declaration import Declaration


@keras.saving.register_keras_serializable(package="keras_acts")
class BoundActivation:
    """A saveable callable: one activation and the parameters given for it.

    Made by `keras_acts.get`. It goes wherever an `activation=` goes, is saved with its parameters, pickles, and equals
    another one with the same activation and parameters.

    Args:
        declaration: the record of the activation.
        params: the parameters given; the others keep their defaults.
    """

    def __init__(self, declaration: "Declaration", params: Mapping[str, Any]) -> None:
        self.declaration = declaration
        self.all_params = declaration.bind((), params)
        self.params = {name: self.all_params[name] for name in declaration.params if name in params}
        self.__name__ = spec.format(declaration.name, self.params)
        self.__doc__ = declaration.body.__doc__

    def __call__(self, x: Any) -> Any:
        """The activation of a tensor or KerasTensor."""
        return self.declaration(x, self.all_params)

    def get_config(self) -> dict[str, Any]:
        """The registered name and the parameters given."""
        return {"activation": self.declaration.registered_name, "params": dict(self.params)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "BoundActivation":
        """The bound activation that `get_config` describes."""
        return cls(registry.info(config["activation"]), config["params"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BoundActivation):
            return NotImplemented
        return (
            self.declaration.registered_name == other.declaration.registered_name
            and self.all_params == other.all_params
        )

    def __hash__(self) -> int:
        return hash((self.declaration.registered_name, tuple(self.all_params.items())))

    def __repr__(self) -> str:
        return self.__name__

    def __reduce__(self) -> tuple[Any, ...]:
        return BoundActivation.from_config, (self.get_config(),)
