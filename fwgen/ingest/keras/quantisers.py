"""QKeras quantisers: read from texts or configurations, and never evaluated.

The defaults are those of QKeras 0.9. A text such as ``quantized_bits(8,0,alpha=1)`` is parsed as an
expression whose arguments are literals.
"""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fwgen.ingest.keras.graph import check_origin, no, shown

MAX_TEXT = 1000
MAX_BITS = 32
MAX_INTEGER = 64
_HUGE = 1e30

QuantiserOptions = Mapping[str, Any]

_PO2 = {
    "use_stochastic_rounding": False,
    "quadratic_approximation": False,
    "log2_rounding": "rnd",
    "qnoise_factor": 1.0,
    "var_name": None,
    "use_ste": True,
    "use_variables": False,
}
# every option that a quantiser knows, in its order, with its default
_SIGNATURES: dict[str, dict[str, Any]] = {
    "quantized_bits": {
        "bits": 8,
        "integer": 0,
        "symmetric": 0,
        "keep_negative": True,
        "alpha": None,
        "use_stochastic_rounding": False,
        "scale_axis": None,
        "qnoise_factor": 1.0,
        "var_name": None,
        "use_ste": True,
        "use_variables": False,
    },
    "quantized_relu": {
        "bits": 8,
        "integer": 0,
        "use_sigmoid": 0,
        "negative_slope": 0.0,
        "use_stochastic_rounding": False,
        "relu_upper_bound": None,
        "is_quantized_clip": True,
        "qnoise_factor": 1.0,
        "var_name": None,
        "use_ste": True,
        "use_variables": False,
    },
    "quantized_tanh": {
        "bits": 8,
        "use_stochastic_rounding": False,
        "symmetric": False,
        "use_real_tanh": False,
    },
    "quantized_sigmoid": {
        "bits": 8,
        "symmetric": False,
        "use_real_sigmoid": False,
        "use_stochastic_rounding": False,
    },
    "binary": {"use_01": False, "alpha": None, "use_stochastic_rounding": False},
    "stochastic_binary": {"alpha": None, "temperature": 6.0, "use_real_sigmoid": True},
    "ternary": {
        "alpha": None,
        "threshold": None,
        "use_stochastic_rounding": False,
        "number_of_unrolls": 5,
    },
    "stochastic_ternary": {
        "alpha": None,
        "threshold": None,
        "temperature": 8.0,
        "use_real_sigmoid": True,
        "number_of_unrolls": 5,
    },
    "quantized_po2": {"bits": 8, "max_value": None, **_PO2},
    "quantized_relu_po2": {"bits": 8, "max_value": None, "negative_slope": 0, **_PO2},
}
SUPPORTED = tuple(_SIGNATURES)
_ENTRY_KEYS = frozenset(
    {
        "class_name",
        "config",
        "module",
        "registered_name",
        "__passive_serialization__",
        "shared_object_id",
    }
)
_FLAGS = frozenset(
    {
        "symmetric",
        "keep_negative",
        "use_stochastic_rounding",
        "use_sigmoid",
        "is_quantized_clip",
        "use_real_tanh",
        "use_real_sigmoid",
        "use_01",
        "quadratic_approximation",
    }
)
_SAME_IN_STEPS = "fwgen reads what the network computes in inference, and that only."


@dataclass(frozen=True, slots=True)
class Quantiser:
    """One quantiser with all of its options."""

    name: str
    options: QuantiserOptions
    where: str

    def __getitem__(self, key: str) -> Any:
        return self.options[key]

    @property
    def alpha(self) -> float | str:
        """The scale as a number, or ``auto`` or ``auto_po2``."""
        alpha = self.options.get("alpha")
        return alpha if isinstance(alpha, str) else 1.0 if alpha is None else float(alpha)


def read_quantiser(spec: object, where: str) -> Quantiser:
    """A quantiser from its text or its configuration.

    Raises
    ------
    BundleError
        If it is none that fwgen knows, or an option is unknown or not honoured.
    """
    name, given = _parsed(spec, where) if isinstance(spec, str) else _configured(spec, where)
    if name not in _SIGNATURES:
        do = _SAME_IN_STEPS
        if name == "bernoulli":
            do = "It draws random numbers in inference too; use binary(use_01=True) in its place."
        raise no(where, f"one of the quantisers {', '.join(SUPPORTED)}", f"'{shown(name)}'", do)
    signature = _SIGNATURES[name]
    for key in given:
        if key not in signature:
            raise no(
                f"{where}: {name}",
                f"the options {', '.join(signature)}",
                f"'{shown(key)}'",
                _SAME_IN_STEPS,
            )
    made = Quantiser(name, signature | given, f"{where}: {name}")
    _check(made)
    return made


def _configured(spec: object, where: str) -> tuple[str, dict[str, Any]]:
    if isinstance(spec, dict) and set(spec) <= _ENTRY_KEYS:
        check_origin(where, spec)
        name, given = spec.get("class_name"), spec.get("config")
        if isinstance(name, str) and isinstance(given, dict):
            return name, given
    raise no(where, "a quantiser, as a text or with class_name and config", f"{shown(spec)!r}")


def _parsed(text: str, where: str) -> tuple[str, dict[str, Any]]:
    if len(text) > MAX_TEXT:
        raise no(where, f"a quantiser of at most {MAX_TEXT} characters", "a longer text")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if isinstance(tree, ast.Name):
        return tree.id, {}
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        name = tree.func.id
        keys = list(_SIGNATURES.get(name, {}))
        values = [_literal(arg, where) for arg in tree.args]
        if name in _SIGNATURES and len(values) > len(keys):
            raise no(where, f"at most {len(keys)} arguments of {name}", f"{len(values)}")
        given = dict(zip(keys, values, strict=False))
        for word in tree.keywords:
            if word.arg is None or word.arg in given:
                raise no(where, "each option once, by its name", f"'{shown(text)}'")
            given[word.arg] = _literal(word.value, where)
        return name, given
    raise no(where, "a quantiser such as quantized_bits(8,0,alpha=1)", f"'{shown(text)}'")


def _literal(node: ast.expr, where: str) -> Any:
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str | None):
        number = isinstance(node.value, int | float)
        if number or sign == 1:
            return (
                sign * node.value
                if sign < 0 and isinstance(node.value, int | float)
                else node.value
            )
    raise no(where, "numbers, texts, True, False or None as arguments", "something else")


def _check(q: Quantiser) -> None:
    for key, value in q.options.items():
        if key == "bits":
            _whole(q, key, 1, MAX_BITS)
        elif key == "integer":
            _whole(q, key, -MAX_INTEGER, MAX_INTEGER)
        elif key == "number_of_unrolls":
            _whole(q, key, 1, 100)
        elif key in _FLAGS and value not in (0, 1):
            raise no(f"{q.where}: {key}", "0 or 1", f"{shown(value)!r}")
    for key in ("negative_slope", "threshold", "max_value", "relu_upper_bound"):
        value = q.options.get(key)
        if value is not None and not _finite(value):
            raise no(f"{q.where}: {key}", "a finite number", f"{shown(value)!r}")
    if q.options.get("qnoise_factor", 1.0) != 1.0:
        raise no(
            f"{q.where}: qnoise_factor",
            "1, since another mixes in values that are not quantised",
            f"{shown(q['qnoise_factor'])}",
            "Set it to 1 and save the model again.",
        )
    alpha = q.options.get("alpha")
    if alpha not in (None, "auto", "auto_po2") and not (_finite(alpha) and alpha > 0):
        raise no(f"{q.where}: alpha", "a number above 0, 'auto' or 'auto_po2'", f"{shown(alpha)!r}")


def _finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _HUGE


def _whole(q: Quantiser, key: str, lo: int, hi: int) -> None:
    value = q[key]
    if not _finite(value) or value != int(value) or not lo <= value <= hi:
        raise no(f"{q.where}: {key}", f"a whole number from {lo} to {hi}", f"{shown(value)!r}")


def shift_of(value: float) -> int | None:
    """The exponent of a power of two, or None for any other number."""
    mantissa, exponent = math.frexp(value)
    return exponent - 1 if mantissa == 0.5 else None  # noqa: PLR2004 - frexp's of a power of two
