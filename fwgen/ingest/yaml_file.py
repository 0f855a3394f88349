"""Reading ``model.yaml`` from strangers: bounded, no tags, no aliases, no duplicate keys."""

import difflib
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fwgen.errors import BundleError
from fwgen.ingest import schema

MAX_BYTES = 1_000_000
_HOW = "See docs/model-yaml.md for every key."


class _Loader(yaml.SafeLoader):
    """Safe loader that also refuses aliases and duplicate keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs
            raise yaml.MarkedYAMLError(
                problem="aliases are not allowed", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} is no text", problem_mark=key_node.start_mark
                )
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{key}' stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_model_file(path: Path) -> schema.ModelFile:
    """Parse and validate ``model.yaml``.

    Raises
    ------
    BundleError
        With the key (and the layer's name) of the first thing that is wrong.
    """
    data = _load(path)
    if not isinstance(data, dict):
        raise BundleError(
            str(path),
            needed="a mapping of keys to values",
            found="nothing" if data is None else type(data).__name__,
            do=_HOW,
        )
    try:
        return schema.ModelFile.model_validate(data)
    except ValidationError as error:
        _refuse(path, data, error.errors(include_url=False))


def _load(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BundleError(
                str(path),
                needed=f"at most {MAX_BYTES:,} bytes",
                found=f"{path.stat().st_size:,}",
                do="Keep arrays in weights.npz; model.yaml describes the network only.",
            )
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BundleError(
            str(path),
            needed="a model.yaml file",
            found="no such file",
            do="Give the path of a bundle's model.yaml, for example models/snn_ae/model.yaml.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(
            str(path), needed="a readable UTF-8 text file", found=str(error), do=_HOW
        ) from None
    return _parse(path, text)


def _parse(path: Path, text: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that refuses more
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BundleError(
            f"{path}{line}", needed="plain YAML", found=str(error.problem), do="Correct this line."
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BundleError(
            str(path), needed="plain YAML", found=str(error)[:200], do="Correct the file."
        ) from None


def _refuse(path: Path, data: dict[str, Any], errors: Sequence[ErrorDetails]) -> NoReturn:
    first = min(errors, key=_priority)
    place = _place(data, first["loc"])
    match first["type"]:
        case "extra_forbidden":
            _unknown_key(path, first, place)
        case "union_tag_invalid" | "union_tag_not_found":
            _unknown_operation(path, first, place)
        case "missing":
            raise BundleError(
                f"{path}: {place}", needed="this key", found="nothing", do=f"Add it. {_HOW}"
            )
        case _:
            raise BundleError(
                f"{path}: {place}", needed=_needed(first), found=_shown(first["input"]), do=_HOW
            )


def _priority(error: ErrorDetails) -> int:
    # a misspelt key often shows as a missing one too: say the misspelling
    return 0 if error["type"] == "extra_forbidden" else 1


def _unknown_key(path: Path, error: ErrorDetails, place: str) -> NoReturn:
    key = str(error["loc"][-1])
    known = _known_keys(error["loc"][:-1])
    close = difflib.get_close_matches(key, known, 1, cutoff=0.5)
    raise BundleError(
        f"{path}: {place}",
        needed=f"one of the keys {', '.join(sorted(known))}",
        found=f"unknown key '{key}'",
        do=f"Did you mean '{close[0]}'?" if close else _HOW,
    )


def _unknown_operation(path: Path, error: ErrorDetails, place: str) -> NoReturn:
    ops = sorted(_layer_models())
    layer = error["input"]
    found = layer.get("op") if isinstance(layer, dict) else layer
    close = difflib.get_close_matches(str(found), ops, 1, cutoff=0.5)
    raise BundleError(
        f"{path}: {place}: op",
        needed=f"one of the operations {', '.join(ops)}",
        found="no op" if found is None else f"'{_shown(found)}'",
        do=f"Did you mean '{close[0]}'?"
        if close
        else "A layer that fwgen does not know is never replaced by another.",
    )


def _layer_models() -> dict[str, type[BaseModel]]:
    models: list[type[BaseModel]] = [
        schema.DenseLayer,
        schema.LifLayer,
        schema.QuantiseLayer,
        schema.LastMembraneLayer,
        schema.SpikeCountLayer,
        schema.SquaredErrorLayer,
        schema.ThresholdLayer,
    ]
    return {m.model_fields["op"].annotation.__args__[0]: m for m in models}  # type: ignore[union-attr]  # Literal


_SECTIONS: dict[str, type[BaseModel]] = {
    "input": schema.InputSection,
    "scaling": schema.Scaling,
    "budgets": schema.Budgets,
    "samples": schema.Samples,
    "sets": schema.SampleSet,
    "provenance": schema.Provenance,
}


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    names = [part for part in loc if isinstance(part, str)]
    model: type[BaseModel] = schema.ModelFile
    if names and names[0] == "layers":
        model = _layer_models()[names[-1]]
    elif names:
        model = _SECTIONS.get(names[-1], schema.ModelFile)
    return [field.alias or key for key, field in model.model_fields.items()]


def _place(data: dict[str, Any], loc: tuple[int | str, ...]) -> str:
    """The key's path; a layer is named by its own name, a union's tag is left out."""
    if len(loc) > 1 and loc[0] == "layers" and isinstance(loc[1], int):
        layer = data["layers"][loc[1]]
        name = layer.get("name") if isinstance(layer, dict) else None
        head = f"layers[{loc[1]}]" + (f" ('{_shown(name)}')" if name else "")
        return ".".join(
            [head, *(str(p) for p in loc[3:] if p not in {"float", "str", "constrained-str"})]
        )
    return ".".join(f"[{p}]" if isinstance(p, int) else str(p) for p in loc).replace(".[", "[")


def _needed(error: ErrorDetails) -> str:
    text = error["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return text[0].lower() + text[1:]


def _shown(value: object) -> str:
    return repr(value)[:80] if not isinstance(value, str) else value[:80]
