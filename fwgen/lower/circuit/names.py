"""Names of one scope of the netlist: each is given out once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

# what every module may need besides its own signals: ports of control, a loop's index, the lint
COMMON = ("clk_i", "clear_i", "entry", "unused")


@dataclass(slots=True)
class Names:
    """What is taken in one scope, a module or a list of modules."""

    _taken: set[str] = field(default_factory=set)

    @classmethod
    def of_module(cls) -> "Names":
        """Those of a module in which nothing is declared yet."""
        return cls(set(COMMON))

    def copy(self) -> "Names":
        """A copy of the names, to which others are added without effect on these."""
        return Names(set(self._taken))

    def claim(self, names: Iterable[str]) -> None:
        """Take names that cannot be changed, such as ports.

        Raises
        ------
        ValueError
            If one is taken already: whoever gives out fixed names must come first.
        """
        for name in names:
            if name in self._taken:
                raise ValueError(f"the name '{name}' is taken twice in one module")
            self._taken.add(name)

    def take(self, wanted: str, ending: str = "", inside: "Names | None" = None) -> str:
        """``wanted`` and ``ending``, with the first free number between them if that is taken.

        A module's name must be none of those ``inside`` it either: tools object to a hidden one.
        """
        name, number = wanted + ending, 0
        taken = self._taken | inside._taken if inside else self._taken
        while name in taken:
            number += 1
            name = f"{wanted}_{number}{ending}"
        self._taken.add(name)
        return name
