"""Reading ``model.yaml`` from strangers: bounded, no tags, no aliases, no duplicate keys.

Values follow the core schema of YAML 1.2: ``1e-3`` is a number, ``no`` and ``2026-01-01`` are text.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from fwgen.errors import BundleError
from fwgen.ingest.bundle import schema
from fwgen.ingest.bundle.base import HOW, shown
from fwgen.ingest.bundle.complaints import complaint

MAX_BYTES = 1_000_000
MAX_DEPTH = 16


_QUOTES = "Text with a comma inside {}, such as a number format, needs quotes."


class _Loader(yaml.SafeLoader):
    """Safe loader of the core schema that refuses aliases, tags, depth and duplicate keys."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as PyYAML wants it; filled below
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs
        if isinstance(event, yaml.AliasEvent):
            raise _Refusal("aliases are not allowed", event.start_mark)
        if event.tag is not None:
            raise _Refusal(f"tags are not allowed: {event.tag[:80]}", event.start_mark)
        if self._depth == MAX_DEPTH:
            raise _Refusal(f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not (isinstance(key, str) and key.isprintable()):
                raise _Refusal(f"key {shown(key)} is no plain text", key_node.start_mark)
            if key in seen:
                raise _Refusal(f"key '{shown(key)}' stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:  # an integer of thousands of digits
            raise _Refusal(str(error)[:80], node.start_mark) from None


class _Refusal(yaml.MarkedYAMLError):
    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(problem=problem, problem_mark=mark)


# 03 is text: whether it means 3 depends on whom one asks
_NUMBER = r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", rf"{_NUMBER}|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.0123456789")),
):
    _whole = re.compile(rf"({_pattern})\Z")
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _whole, _first)


def read_model_file(path: Path) -> schema.ModelFile:
    """Parse and validate ``model.yaml``.

    Raises
    ------
    BundleError
        With the line, or the key (and the layer's name), of the first thing that is wrong.
    """
    return validated(path, read_mapping(path, "a model.yaml file"))


def validated(path: Path, data: dict[str, Any]) -> schema.ModelFile:
    """The keys of a ``model.yaml`` against the schema; ``path`` names the file in messages.

    Raises
    ------
    BundleError
        With the key, and the layer's name, of the first thing that is wrong.
    """
    try:
        return schema.ModelFile.model_validate(data)
    except ValidationError as error:
        raise complaint(path, data, error.errors(include_url=False)) from None


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """The mapping that a YAML file holds; ``what`` says in messages which file was wanted.

    Raises
    ------
    BundleError
        If there is no such file, it is too large, or it is no plain YAML mapping.
    """
    data = _parse(path, _text(path, what))
    if not isinstance(data, dict):
        raise BundleError(
            str(path),
            needed="a mapping of keys to values",
            found="nothing" if data is None else type(data).__name__,
            do=HOW,
        )
    return data


def _text(path: Path, what: str) -> str:
    try:
        if not path.is_file():
            raise BundleError(
                str(path),
                needed=what,
                found="something that is no file" if path.exists() else "no such file",
                do="Give the path of a bundle's model.yaml, for example models/snn_ae/model.yaml.",
            )
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise BundleError(
                str(path),
                needed=f"at most {MAX_BYTES:,} bytes",
                found="more",
                do="Keep arrays in weights.npz; model.yaml describes the network only.",
            )
        return raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(
            str(path), needed="a readable UTF-8 text file", found=str(error)[:200], do=HOW
        ) from None


def _parse(path: Path, text: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader that refuses more
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, found = (mark.line + 1 if mark else 1), str(error.problem).removeprefix("found ")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"the character U+{ord(text[error.position]):04X}"
    do = _QUOTES if "plain text" in found or "',' or '}'" in found else "Correct this line."
    raise BundleError(f"{path}:{line}", needed="plain YAML", found=found, do=do)
