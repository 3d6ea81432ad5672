"""What is authored about measures, the same in every language: units, roles of attributes, sizes."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from bottega.shop.catalogue.understanding.words import folded


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: base = value × factor + offset."""

    name: str
    dimension: str
    factor: float
    offset: float = 0.0

    def converted(self, value: float, other: "Unit") -> float:
        """A value of this unit in another one of the same dimension."""
        if other is self or other.name == self.name:
            return value
        return (value * self.factor + self.offset - other.offset) / other.factor


@dataclass(frozen=True, slots=True)
class Role:
    """The attributes and options that mean one thing, by name or by how the name ends."""

    names: tuple[str, ...]
    suffixes: tuple[str, ...]
    not_suffixes: tuple[str, ...]

    def rank(self, name: str) -> int | None:
        """How near an attribute's name is to the role's own; None when it is another thing."""
        if name in self.names:
            return self.names.index(name)
        if name.endswith(self.suffixes) and not name.endswith(self.not_suffixes or ("\0",)):
            return len(self.names)
        return None


@dataclass(frozen=True, slots=True)
class Measures:
    """Units, roles of attributes, and sizes: the same in every language."""

    units: Mapping[str, Unit]
    unit_names: Mapping[str, Unit]
    glued_unit_names: Mapping[str, Unit]
    roles: Mapping[str, Role]
    parcel_parts: frozenset[str]
    usual_units: Mapping[str, str]
    letters: tuple[str, ...]
    letter_names: Mapping[str, str]
    shoes: Mapping[str, Mapping[str, tuple[str, ...]]]

    def unit_of_name(self, name: str) -> Unit | None:
        """The unit that an attribute's name ends with (`fill_weight_grams`, `temperature_comfort_celsius`)."""
        parts = [part for part in name.split("_") if part]
        # `recommended_age__min_` is a minimum, not minutes; `flow_litres_per_minute` is no time.
        if "per" in parts[-3:] or parts[-1:] in (["min"], ["max"], ["s"], ["a"]):
            return None
        for length in (3, 2, 1):
            tail = parts[-length:] if len(parts) > length else []
            for joint in ("/", "_", " "):
                if tail and (found := self.units.get(joint.join(tail)) or self.unit_names.get(joint.join(tail))):
                    return found
        return None

    def name_without_unit(self, name: str) -> str:
        """`waterproof_mm` → waterproof; '' for a name that ends with no unit."""
        if self.unit_of_name(name) is None:
            return ""
        parts = name.split("_")
        shorter = ("_".join(parts[:-length]) for length in (1, 2, 3))
        return next((rest for rest in shorter if rest and self.unit_of_name(rest) is None), "")

    def usual_unit(self, name: str) -> Unit | None:
        """The unit that numbers of such a name usually have, by the longest end of the name that is known."""
        parts = name.split("_")
        ends = ("_".join(parts[start:]) for start in range(len(parts)))
        return next((self.units[self.usual_units[end]] for end in ends if end in self.usual_units), None)

    def is_about_parcel(self, name: str) -> bool:
        """Whether a number is about how the thing is packed or sent, not about the thing."""
        return any(part in self.parcel_parts for part in name.split("_"))


@lru_cache(maxsize=1)
def measures() -> Measures:
    """Units, roles and sizes."""
    units: dict[str, Unit] = {}
    names: dict[str, Unit] = {}
    glued: dict[str, Unit] = {}
    for dimension, table in authored("units").items():
        for name, told in table.items():
            unit = Unit(name, dimension, float(told["factor"]), float(told.get("offset", 0.0)))
            units[name] = unit
            names.update({folded(alias): unit for alias in told["names"]})
            glued.update({folded(alias): unit for alias in told.get("glued", ())})
    roles, sizes = authored("roles"), authored("sizes")
    return Measures(
        units=units,
        unit_names=names,
        glued_unit_names={**names, **glued},
        roles={
            name: Role(tuple(told["names"]), tuple(told["suffixes"]), tuple(told.get("not_suffixes", ())))
            for name, told in roles.items()
            if "suffixes" in told
        },
        parcel_parts=frozenset(roles["not_the_thing"]["parts"]),
        usual_units=roles["usual_units"],
        letters=tuple(sizes["letters"]),
        letter_names=sizes["letter_names"],
        shoes={system: {size: tuple(same) for size, same in table.items()} for system, table in sizes["shoes"].items()},
    )


def authored(name: str) -> dict[str, Any]:
    """A file beside this module, as it is written."""
    folder = resources.files("bottega.shop.catalogue.understanding") / "language"
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
