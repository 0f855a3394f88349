"""What the schema refuses, in words: which key, what it needs, what stands there."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from fwgen.errors import BundleError
from fwgen.ingest.bundle import schema
from fwgen.ingest.bundle.base import FORMAT_VERSION, HOW, LONGEST, shown

_VERSION = f"This fwgen reads version {FORMAT_VERSION} of the file format."
_QUOTE = "If it is meant as text, put it in quotes."
_NEITHER = "a number, or the name of an array in the weights file"
_BRANCHES = frozenset({"float", "constrained-str"})  # of a union, as pydantic names them

# the words are fwgen's own, so that they do not change with pydantic's version
_NEEDED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "literal_error": lambda c: f"{c['expected']}",
    "int_type": lambda _: "a whole number",
    "int_from_float": lambda _: "a whole number",
    "float_type": lambda _: "a number",
    "finite_number": lambda _: "a finite number",
    "bool_type": lambda _: "true or false",
    "string_type": lambda _: "text",
    "string_unicode": lambda _: "text without surrogate characters",
    "string_too_short": lambda c: f"text of at least {_count(c['min_length'], 'character')}",
    "string_too_long": lambda c: f"text of at most {_count(c['max_length'], 'character')}",
    "string_pattern_mismatch": lambda _: "64 hexadecimal digits in lower case",
    "greater_than": lambda c: f"a number above {c['gt']:g}",
    "greater_than_equal": lambda c: f"a number of at least {c['ge']:g}",
    "less_than_equal": lambda c: f"a number of at most {c['le']:g}",
    "list_type": lambda _: "a list",
    "too_short": lambda c: f"a list of at least {_count(c['min_length'], 'entry')}",
    "too_long": lambda c: f"a list of at most {_count(c['max_length'], 'entry')}",
    "model_type": lambda _: "a mapping of keys to values",
    "model_attributes_type": lambda _: "a mapping of keys to values",
}


def complaint(path: Path, data: dict[str, Any], errors: Sequence[ErrorDetails]) -> BundleError:
    """The most telling of a validation's errors, as one message."""
    first = min(errors, key=_priority)
    place = f"{path}: {_place(data, first['loc'][:-1] if _branch(first) else first['loc'])}"
    match first["type"]:
        case "extra_forbidden":
            return _unknown_key(place, first)
        case "union_tag_invalid" | "union_tag_not_found":
            return _unknown_operation(place, first)
        case "missing":
            return BundleError(place, needed="this key", found="nothing", do=_add(first["loc"]))
        case _:
            return _wrong_value(place, first)


def _add(loc: tuple[int | str, ...]) -> str:
    """What to do about a missing key, with its choices where there are few."""
    model = _section(loc[:-1])
    fields = {f.alias or key: f for key, f in model.model_fields.items()}
    choices = getattr(fields[str(loc[-1])].annotation, "__args__", ())
    if choices and all(isinstance(c, str | int) for c in choices):
        return f"Add it: {' or '.join(str(c) for c in choices)}. {HOW}"
    return f"Add it. {HOW}"


def wanted(error: ErrorDetails) -> str:
    """What a validation would have accepted, in fwgen's words."""
    words = _NEEDED.get(error["type"])
    return words(error.get("ctx", {})) if words else error["msg"]


def _branch(error: ErrorDetails) -> bool:
    """Whether the place ends in the branch of a union, which is no key of the file."""
    return error["type"] != "extra_forbidden" and error["loc"][-1] in _BRANCHES


def _priority(error: ErrorDetails) -> int:
    # another version explains everything else; a misspelt key often shows as a missing one too
    if error["loc"] == ("fwgen",):
        return 0
    return 1 if error["type"] == "extra_forbidden" else 2


def _unknown_key(place: str, error: ErrorDetails) -> BundleError:
    key = str(error["loc"][-1])
    known = _known_keys(error["loc"][:-1])
    close = difflib.get_close_matches(key[:LONGEST], known, 1, cutoff=0.5)
    return BundleError(
        place,
        needed=f"one of the keys {', '.join(sorted(known))}",
        found=f"unknown key '{shown(key)}'",
        do=f"Did you mean '{close[0]}'?" if close else HOW,
    )


def _unknown_operation(place: str, error: ErrorDetails) -> BundleError:
    ops = sorted(_layer_models())
    layer = error["input"]
    found = layer.get("op") if isinstance(layer, dict) else layer
    close = difflib.get_close_matches(shown(found), ops, 1, cutoff=0.6)
    return BundleError(
        f"{place}: op",
        needed=f"one of the operations {', '.join(ops)}",
        found="no op" if found is None else f"'{shown(found)}'",
        do=f"Did you mean '{close[0]}'?"
        if close
        else "A layer that fwgen does not know is never replaced by another.",
    )


def _wrong_value(place: str, error: ErrorDetails) -> BundleError:
    kind, value = error["type"], error["input"]
    needed = wanted(error)
    if _branch(error) and kind == "float_type":
        needed = _NEITHER
    do = _QUOTE if kind == "string_type" and isinstance(value, bool | int | float) else HOW
    if error["loc"] == ("fwgen",):
        needed, do = f"{FORMAT_VERSION}", _VERSION
    found = "nothing" if value is None or value == "" else shown(value)
    return BundleError(place, needed=needed, found=found, do=do)


def _layer_models() -> dict[str, type[BaseModel]]:
    models: tuple[type[BaseModel], ...] = get_args(get_args(schema.AnyLayer)[0])
    return {get_args(m.model_fields["op"].annotation)[0]: m for m in models}


_SECTIONS: dict[str, type[BaseModel]] = {
    "input": schema.InputSection,
    "scaling": schema.Scaling,
    "budgets": schema.Budgets,
    "samples": schema.Samples,
    "sets": schema.SampleSet,
    "provenance": schema.Provenance,
}


def _section(loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The part of the schema that a place in the file belongs to."""
    names = [part for part in loc if isinstance(part, str)]
    if names and names[0] == "layers":
        return _layer_models()[names[-1]]
    return _SECTIONS[names[-1]] if names else schema.ModelFile


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    return [field.alias or key for key, field in _section(loc).model_fields.items()]


def _place(data: dict[str, Any], loc: tuple[int | str, ...]) -> str:
    """The key's path; a layer is named by its own name."""
    parts = [shown(p) if isinstance(p, str) else p for p in loc]
    if len(parts) > 1 and parts[0] == "layers" and isinstance(parts[1], int):
        layer = data["layers"][parts[1]]
        name = layer.get("name") if isinstance(layer, dict) else None
        head = f"layers[{parts[1]}]" + (f" ({shown(name)!r})" if name else "")
        return ": ".join([head, _path(parts[3:])] if parts[3:] else [head])
    return _path(parts)


def _path(parts: Sequence[int | str]) -> str:
    return ".".join(f"[{p}]" if isinstance(p, int) else p for p in parts).replace(".[", "[")


def _count(number: int, what: str) -> str:
    many = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{number:,} {what if number == 1 else many}"
