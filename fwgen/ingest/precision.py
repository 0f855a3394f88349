"""Number formats for what a source file gives none: from ``--precision``, or from ranges.

A file of a quantised network says the format of every weight and activation; one of a float network
says none. Here those gaps are filled, on the draft, and every choice is written into its notes:

- parameters of dense layers and normalisations get the format asked for;
- a `quantise` layer goes after every value that grows (dense, batch_norm, leaky_relu, add,
  subtract, multiply) before it is multiplied, joined, looked up, or leaves the firmware;
  element-wise layers that follow (a normalisation that will be folded, a ReLU) come first, and
  what an importer builds of several exact layers (a bound, a sign) is one operation;
- a table gets its result's format, and its source at most `TABLE_BITS` bits;
- membranes and synaptic currents of spiking neurons get the format asked for.

With ranges the binary point of each follows from the values seen on the samples, and the width from
the format asked for, or `WIDTH`. Where neither is given nothing is changed: parameters and
membranes are then chosen by the quantise stage, values grow exactly, and a table is an error.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.bundle.ops import FORMATTED
from fwgen.ingest.draft import Draft, FormatNotes, Names
from fwgen.ingest.names import SYNAPSE
from fwgen.ingest.norm import norm_factors
from fwgen.ir.fixed import Fixed, Overflow, Rounding
from fwgen.ir.folding import foldable

WIDTH = 16
TABLE_BITS = 12
_DIGITS = 53  # of a double's mantissa
SCALE_BITS, SCALE_MAX_FRAC = 24, 40  # of a normalisation: as many bits as float32 has

LayerKeys = dict[str, Any]
Ranges = Mapping[str, tuple[float, float]]
_GROWING = frozenset({"dense", "batch_norm", "leaky_relu", "add", "subtract", "multiply"})
_PASSING = frozenset({"relu", "slice"})  # open where its source is
_NEURONS = frozenset({"lif", "if", "li", "cuba_lif", "membrane"})
_WAITING = frozenset({"relu", "leaky_relu", "slice", "quantise", "threshold"}) | _NEURONS
_POSITIVE_FUNCTIONS = frozenset({"sigmoid", "exp", "sqrt", "rsqrt", "square", "softplus"})
# an accumulator is declared or there is none; a threshold is exact on its source's grid
_NEVER_OPEN = frozenset({"accumulator", "value"})
_STATES = frozenset({"membrane", "syn"})


@dataclass(frozen=True, slots=True)
class Precision:
    """What the user asked for.

    Parameters
    ----------
    fmt
        The format of ``--precision``, or None.
    ranges
        Gives lowest and highest value by layer name on the samples (``NAME.membrane`` for a
        membrane), for a draft whose tables all have formats; or None.
    """

    fmt: Fixed | None = None
    ranges: Callable[[Draft], Ranges] | None = None

    @classmethod
    def of(cls, text: str | None, ranges: Callable[[Draft], Ranges] | None = None) -> "Precision":
        """From the text of ``--precision``.

        Raises
        ------
        FormatError
            If it is no number format.
        """
        return cls(None if text is None else Fixed.parse(text, "--precision"), ranges)

    @property
    def given(self) -> bool:
        """Whether anything was asked for."""
        return self.fmt is not None or self.ranges is not None


def complete(draft: Draft, precision: Precision, where: str) -> None:
    """Fill the gaps in a draft's formats, and say so in its notes; ``where`` names the file.

    Raises
    ------
    BundleError
        If a table has no format and none was asked for, or a number is no number.
    """
    draft.check_numbers(where)
    _keep_norms_apart(draft, precision.fmt.width if precision.fmt else SCALE_BITS)
    _adopt(draft)
    if precision.given:
        filler = _Filler(draft, precision)
        filler.run()
        draft.notes += filler.log.sentences()
        _name_open(draft, filler.norms.values())
        return
    for layer in draft.layers:
        if layer["op"] == "table" and "format" not in layer:
            raise BundleError(
                f"{where}: layer '{layer['name']}' ({layer['function']})",
                needed="a number format for the result of a table",
                found="none in the file",
                do="Put a quantiser behind it, or add --precision FORMAT or --samples FILE.npz.",
            )
    _name_open(draft)


def _name_open(draft: Draft, skipped: Iterable[str] = ()) -> None:
    open_ = [
        f"{layer['name']} ({', '.join(keys)})"
        for layer in draft.layers
        if layer["name"] not in skipped and (keys := list(_open_parameters(layer)))
    ]
    if open_:
        draft.notes.append(
            f"The file gives no number format for {', '.join(open_)}: the build chooses it."
        )


def float_draft(draft: Draft) -> Draft:
    """A copy in which every table has a format, wide enough to change nothing."""
    layers = [
        {"format": "fixed<96,48,RND_CONV,SAT>"} | layer if layer["op"] == "table" else layer
        for layer in draft.layers
    ]
    return replace(draft, layers=layers)


def fitted(lo: float, hi: float, fmt: Fixed, *, signed: bool = True) -> Fixed:
    """``fmt`` with its binary point where lo..hi just fits after rounding to nearest."""
    integer = -fmt.width if lo or hi else 0
    while True:
        wanted = Fixed(signed, fmt.width, integer + signed, Rounding.RND_CONV, Overflow.SAT)
        unit = math.ldexp(1.0, -wanted.frac)
        if round(lo / unit) >= wanted.lo and round(hi / unit) <= wanted.hi:
            return replace(wanted, rounding=fmt.rounding, overflow=fmt.overflow)
        integer += 1


# ---- normalisations that are not folded ----


def _keep_norms_apart(draft: Draft, bits: int) -> None:
    """After weights that the source has quantised, a normalisation is a separate operation.

    Folded into them it would be quantised with their format: another network. Its own format
    keeps it apart: exact where ``bits`` bits hold its numbers, else as good as they allow. After
    anything else but a dense layer it is exact too where they do.
    """
    made = {layer["name"]: layer for layer in draft.layers}
    for layer in draft.layers:
        if layer["op"] != "batch_norm" or "scale_format" in layer:
            continue
        source = made.get(_sources(draft, layer)[0], {"op": "input"})
        quantised = "weight_format" in source or "bias_format" in source
        if source["op"] == "dense" and not quantised:
            continue
        scale, offset = (short_format(values, bits) for values in _norm(draft, layer))
        if source["op"] == "dense":
            exact = scale is not None
            scale = scale or _widest(_norm(draft, layer)[0], bits)
            draft.notes.append(
                f"{layer['name']} is no part of {source['name']}, whose weights are quantised; "
                f"its scale {'is' if exact else 'is rounded to'} {scale}."
            )
        if scale is not None:
            layer["scale_format"] = str(scale)
        if offset is not None:
            layer["offset_format"] = str(offset)


def _widest(values: np.ndarray[Any, np.dtype[np.float64]], bits: int) -> Fixed:
    """``bits`` bits with the largest value just inside, and at most 40 fraction bits."""
    asked = Fixed(True, bits, 1, Rounding.RND_CONV)
    fmt = fitted(float(values.min(initial=0)), float(values.max(initial=0)), asked)
    return replace(fmt, integer=max(fmt.integer, bits - SCALE_MAX_FRAC))


def short_format(values: np.ndarray[Any, np.dtype[np.float64]], bits: int) -> Fixed | None:
    """The narrowest format that holds all values exactly, or None if it has more than ``bits``."""
    mantissa, exponent = np.frexp(values[values != 0])
    if not mantissa.size:
        return Fixed(False, 1, 1, Rounding.RND_CONV)
    if not np.isfinite(mantissa).all():
        return None
    digits = np.abs(np.ldexp(mantissa, _DIGITS)).astype(np.int64)
    zeros = np.frexp((digits & -digits).astype(np.float64))[1] - 1
    frac = int((_DIGITS - exponent - zeros).max())
    if int(exponent.max()) + frac > bits:
        return None
    grid = np.ldexp(values, frac)
    fmt = Fixed.holding(int(grid.min()), int(grid.max()), frac)
    return replace(fmt, rounding=Rounding.RND_CONV) if fmt.width <= bits else None


# ---- tables take the format of the quantiser after them ----


def _adopt(draft: Draft) -> None:
    """A table whose readers all convert to one format gives its results in it.

    A ReLU between the two does not matter where the format saturates: rounding keeps the order of
    numbers, and 0 as it is.
    """
    readers: dict[str, list[LayerKeys]] = {}
    for layer in draft.layers:
        for source in _sources(draft, layer):
            readers.setdefault(source, []).append(layer)
    for layer in draft.layers:
        if layer["op"] != "table" or "format" in layer or layer["name"] in draft.outputs:
            continue
        formats = {
            _converts_to(reader, readers, draft) for reader in readers.get(layer["name"], [])
        }
        if len(formats) == 1 and (fmt := formats.pop()) is not None:
            layer["format"] = fmt


def _converts_to(
    layer: LayerKeys, readers: Mapping[str, list[LayerKeys]], draft: Draft
) -> str | None:
    if layer["op"] == "quantise":
        return str(layer["format"])
    behind = readers.get(layer["name"], [])
    if layer["op"] != "relu" or layer["name"] in draft.outputs or len(behind) != 1:
        return None
    fmt = behind[0].get("format") if behind[0]["op"] == "quantise" else None
    saturates = fmt is not None and Fixed.parse(fmt).overflow in {Overflow.SAT, Overflow.SAT_SYM}
    return fmt if saturates else None


def _norm(draft: Draft, layer: LayerKeys) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Scale and offset of a normalisation; what cannot be is refused where the bundle is read."""
    arrays, name = draft.arrays, layer["name"]
    scale, offset = norm_factors(
        arrays[f"{name}.mean"],
        arrays[f"{name}.variance"],
        arrays.get(f"{name}.gamma", np.ones(())),
        arrays.get(f"{name}.beta", np.zeros(())),
        layer["epsilon"],
    )
    return np.nan_to_num(scale), np.nan_to_num(offset)


def _sources(draft: Draft, layer: LayerKeys) -> list[str]:
    source = layer.get("from")
    if source is None:
        index = next(i for i, other in enumerate(draft.layers) if other is layer)
        return [draft.layers[index - 1]["name"] if index else draft.input_name]
    return [source] if isinstance(source, str) else list(source)


def _open_parameters(layer: LayerKeys) -> Iterable[str]:
    """Parameters without a format, as far as the layer has them."""
    for key in FORMATTED[layer["op"]]:
        absent = (
            key in _NEVER_OPEN
            or (key == "bias" and layer.get("bias") is False)
            or (key == "recurrent" and key not in layer)
        )
        if f"{key}_format" not in layer and not absent:
            yield key


# ---- filling ----


class _Filler:
    """One pass over the layers in order, which makes the new list of layers."""

    def __init__(self, draft: Draft, precision: Precision) -> None:
        self.draft = draft
        self.ranges = precision.ranges(float_draft(draft)) if precision.ranges else None
        self.fmt = precision.fmt or Fixed(True, WIDTH, 1, Rounding.RND_CONV, Overflow.SAT)
        self.parameters = precision.fmt is not None
        flags = ["--precision"] * self.parameters + ["--samples"] * (self.ranges is not None)
        self.log = FormatNotes(" and ".join(flags))
        taken = [draft.name, draft.input_name, *(layer["name"] for layer in draft.layers)]
        self.names = Names(*taken)
        self.made: dict[str, LayerKeys] = {}
        self.open: set[str] = set()
        self.closed_by: dict[str, str] = {}  # quantise layers put in, by the value that they read
        self.out: list[LayerKeys] = []
        self.norms = self._folded()

    def run(self) -> None:
        linked = [layer | {"from": self._from(layer)} for layer in self.draft.layers]
        readers: dict[str, list[LayerKeys]] = {}
        for layer in linked:
            for source in _listed(layer["from"]):
                readers.setdefault(source, []).append(layer)
        for layer in linked:
            self._parameters_of(layer, self.norms)
            waits = layer["op"] in _WAITING or layer["name"] in self.draft.parts
            if layer["name"] not in self.norms.values() and not waits:
                tight = layer["op"] == "table"
                sources = [self._closed(name, tight=tight) for name in _listed(layer["from"])]
                layer["from"] = sources if isinstance(layer["from"], list) else sources[0]
            if layer["op"] == "table" and "format" not in layer:
                layer["format"] = str(self._chosen(layer["name"], layer, "result"))
            self.out.append(layer)
            self.made[layer["name"]] = layer
            if self._grows(layer):
                self.open.add(layer["name"])
        self.draft.outputs[:] = [self._closed(name) for name in self.draft.outputs]
        self.draft.layers[:] = self.out

    def _from(self, layer: LayerKeys) -> str | list[str]:
        return layer.get("from") or _sources(self.draft, layer)[0]

    def _folded(self) -> dict[str, str]:
        """Normalisations that the quantise stage will fold, by their dense layer's name."""
        sources = {layer["name"]: _sources(self.draft, layer) for layer in self.draft.layers}
        dense = {layer["name"] for layer in self.draft.layers if layer["op"] == "dense"}
        norms = [
            layer["name"]
            for layer in self.draft.layers
            if layer["op"] == "batch_norm" and "scale_format" not in layer
        ]
        return foldable(sources, self.draft.outputs, dense, norms)

    def _grows(self, layer: LayerKeys) -> bool:
        if layer["op"] in _PASSING or layer["name"] in self.draft.parts:
            return any(name in self.open for name in _listed(layer["from"]))
        return layer["op"] in _GROWING

    def _closed(self, name: str, *, tight: bool = False) -> str:
        """The name of the value after a quantise layer, made where there is none yet."""
        if name not in self.open:
            return name
        if name not in self.closed_by:
            fmt = self._chosen(name, self.made[name], "value", tight=tight)
            made = self.names.fresh(f"{name}_q", f"layer '{name}'")
            layer = {"name": made, "op": "quantise", "from": name, "format": str(fmt)}
            self.out.append(layer)
            self.made[made] = layer
            self.closed_by[name] = made
        return self.closed_by[name]

    def _chosen(self, name: str, layer: LayerKeys, what: str, *, tight: bool = False) -> Fixed:
        fmt = self.fmt
        if self.ranges is not None:
            positive = layer["op"] == "relu" or layer.get("function") in _POSITIVE_FUNCTIONS
            fmt = fitted(*self.ranges[name], fmt, signed=not positive)
        if tight and fmt.width > TABLE_BITS:
            fmt = replace(fmt, width=max(TABLE_BITS, min(fmt.integer, fmt.width)))
        self.log.add(fmt, f"{name} ({what})")
        return fmt

    # -- parameters --

    def _parameters_of(self, layer: LayerKeys, norms: Mapping[str, str]) -> None:
        if layer["name"] in norms.values():
            return  # they go with the dense layer
        for key in list(_open_parameters(layer)):
            free = layer["op"] in {"leaky_relu", *_NEURONS} and key != "recurrent"
            if key in _STATES:
                fmt = self._of_state(layer, key)
            elif not self.parameters or free:
                continue  # the quantise stage chooses these by their values
            else:
                fmt = self._of_values(self._values(layer, key, norms))
            layer[f"{key}_format"] = str(fmt)
            self.log.add(fmt, f"{layer['name']} ({key})")

    def _of_state(self, layer: LayerKeys, key: str) -> Fixed:
        if self.ranges is None:
            return self.fmt
        own = SYNAPSE if "recurrent" not in layer else f"_{SYNAPSE}"  # before the node, or inside
        node = f"{layer['name']}{own if key == 'syn' else ''}"
        return fitted(*self.ranges[f"{node}.membrane"], self.fmt)

    def _of_values(self, values: np.ndarray[Any, Any]) -> Fixed:
        if self.ranges is None:
            return self.fmt
        return fitted(float(values.min(initial=0)), float(values.max(initial=0)), self.fmt)

    def _values(self, layer: LayerKeys, key: str, norms: Mapping[str, str]) -> np.ndarray[Any, Any]:
        if layer["op"] == "batch_norm":
            return _norm(self.draft, layer)[key == "offset"]
        values = self.draft.arrays[f"{layer['name']}.{key}"]
        if layer["name"] not in norms:
            return values
        norm = next(n for n in self.draft.layers if n["name"] == norms[layer["name"]])
        scale, offset = _norm(self.draft, norm)
        return scale * values + offset if key == "bias" else scale[:, None] * values


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names
