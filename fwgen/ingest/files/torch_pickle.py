"""The pickle inside a PyTorch file, interpreted opcode by opcode; nothing in it is ever called.

A state dict needs a few opcodes and a few names. Each is written out here with what it means; any
other is an error that names it. `pickletools` only cuts the bytes into opcodes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pickletools import genops
from typing import Any, NoReturn

MAX_OPCODES = 1_000_000
MAX_DIMENSIONS = 8
MAX_NUMBER = 2**48

STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bf16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_ORDERED = "collections.OrderedDict"
_TENSOR = "torch._utils._rebuild_tensor_v2"
_PARAMETER = "torch._utils._rebuild_parameter"
_NAMES = frozenset({_ORDERED, _TENSOR, _PARAMETER, *(f"torch.{name}" for name in STORAGES)})


class NotAllowedError(Exception):
    """Something that no state dict holds: ``args`` are what, and which."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the pickle imports; here only a word."""

    full: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers of one type in the member ``key`` of the archive."""

    dtype: str
    key: str
    count: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view of a storage; ``size`` and ``stride`` count elements."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Mapping:
    """A dictionary: pairs in order. ``metadata`` is what PyTorch hangs on a state dict."""

    pairs: list[tuple[Any, Any]] = field(default_factory=list)
    metadata: "Mapping | None" = None


_MARK = Name("")  # compared by identity


class Machine:
    """Runs the opcodes of one pickle on a stack."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        """What the pickle describes.

        Raises
        ------
        NotAllowedError
            At the first opcode or name that a state dict does not need.
        ValueError, IndexError, KeyError, TypeError
            If the pickle is damaged.
        """
        for count, (opcode, argument, _) in enumerate(genops(data)):
            if count > MAX_OPCODES:
                raise NotAllowedError("more opcodes than", f"{MAX_OPCODES:,}")
            if opcode.name == "STOP":
                return self.stack.pop()
            act = _OPCODES.get(opcode.name)
            if act is None:
                raise NotAllowedError("the opcode", opcode.name)
            act(self, argument)
        raise ValueError("no end")

    def to_mark(self) -> list[Any]:
        """Pops everything above the last mark, and the mark."""
        at = next(i for i in reversed(range(len(self.stack))) if self.stack[i] is _MARK)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items


def _push(machine: Machine, value: Any) -> None:
    machine.stack.append(value)


def _name(machine: Machine, full: str) -> None:
    if full not in _NAMES:
        raise NotAllowedError("the name", full[:80])
    machine.stack.append(Name(full))


def _stack_global(machine: Machine, _: Any) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    _name(machine, f"{_text(module)}.{_text(name)}")


def _get(machine: Machine, index: int) -> None:
    machine.stack.append(machine.memo[index])


def _put(machine: Machine, index: int) -> None:
    machine.memo[index] = machine.stack[-1]


def _memoize(machine: Machine, _: Any) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


def _tuple(count: int) -> Callable[[Machine, Any], None]:
    def act(machine: Machine, _: Any) -> None:
        if len(machine.stack) < count:
            raise ValueError("too little on the stack")
        at = len(machine.stack) - count
        machine.stack[at:] = [tuple(machine.stack[at:])]

    return act


def _set_items(machine: Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, Mapping) or len(items) % 2:
        _bad("pairs for a dictionary")
    target.pairs += zip(items[::2], items[1::2], strict=True)


def _set_item(machine: Machine, _: Any) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _set_items(machine, [key, value])


def _persistent(machine: Machine, _: Any) -> None:
    word, kind, key, _, count = machine.stack.pop()
    storage = kind.full.removeprefix("torch.") if isinstance(kind, Name) else ""
    if word != "storage" or storage not in STORAGES:
        _bad("a storage")
    machine.stack.append(Storage(STORAGES[storage], _text(key), _whole(count)))


def _reduce(machine: Machine, _: Any) -> None:
    arguments, function = machine.stack.pop(), machine.stack.pop()
    name = function.full if isinstance(function, Name) else ""
    if name == _ORDERED and arguments == ():
        machine.stack.append(Mapping())
    elif name == _TENSOR:
        machine.stack.append(_tensor(*arguments))
    elif name == _PARAMETER and isinstance(arguments[0], Tensor):
        machine.stack.append(arguments[0])
    else:
        raise NotAllowedError("a call of", name[:80] or "something else than a name")


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, _grad: Any, hooks: Any) -> Tensor:
    if not isinstance(storage, Storage) or not isinstance(hooks, Mapping) or hooks.pairs:
        _bad("a plain tensor")
    if len(size) != len(stride) or len(size) > MAX_DIMENSIONS:
        _bad(f"as many strides as dimensions, at most {MAX_DIMENSIONS}")
    shape, steps = tuple(map(_whole, size)), tuple(map(_whole, stride))
    return Tensor(storage, _whole(offset), shape, steps)


def _build(machine: Machine, _: Any) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    if not isinstance(target, Mapping) or not isinstance(state, Mapping):
        raise NotAllowedError("the state of", "something else than a dictionary")
    for key, value in state.pairs:
        if key != "_metadata" or not isinstance(value, Mapping):
            what = repr(key[:60]) if isinstance(key, str) else "no text"
            raise NotAllowedError("an attribute of a dictionary,", what)
        target.metadata = value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _bad("a text")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_NUMBER:
        return value
    return _bad("a number of elements")


def _bad(needed: str) -> NoReturn:
    raise ValueError(f"something else than {needed}")


_OPCODES: dict[str, Callable[[Machine, Any], None]] = {
    "PROTO": lambda machine, argument: None,  # noqa: ARG005 - one signature for all
    "FRAME": lambda machine, argument: None,  # noqa: ARG005 - as above
    "MARK": lambda machine, _: _push(machine, _MARK),
    "NONE": lambda machine, _: _push(machine, None),
    "NEWTRUE": lambda machine, _: _push(machine, True),
    "NEWFALSE": lambda machine, _: _push(machine, False),
    "EMPTY_DICT": lambda machine, _: _push(machine, Mapping()),
    "EMPTY_TUPLE": lambda machine, _: _push(machine, ()),
    "TUPLE": lambda machine, _: _push(machine, tuple(machine.to_mark())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "GLOBAL": lambda machine, argument: _name(machine, argument.replace(" ", ".", 1)),
    "STACK_GLOBAL": _stack_global,
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": _memoize,
    "BINGET": _get,
    "LONG_BINGET": _get,
    "BINPERSID": _persistent,
    "REDUCE": _reduce,
    "BUILD": _build,
    "SETITEM": _set_item,
    "SETITEMS": lambda machine, _: _set_items(machine, machine.to_mark()),
    **dict.fromkeys(
        ("BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1"), _push
    ),
}
