"""An example of each layer: constructor arguments and the shape of one sample. The contract runs over all of them."""

from dataclasses import dataclass, field
from typing import Any

from keras_acts import layers

VECTOR = (6,)
SEQUENCE = (4, 6)
IMAGE = (5, 4, 6)


@dataclass(frozen=True)
class Example:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = VECTOR

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.arguments.items())])

    def layer(self, **more: Any) -> Any:
        return layers.get(self.name, **self.arguments, **more)


EXAMPLES = [
    Example("PReLU"),
    Example("PReLU", {"shared_axes": [1, 2]}, IMAGE),
    Example("PReLU", {"shared_axes": "all"}, SEQUENCE),
]
