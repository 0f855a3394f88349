"""A spiking network in the making: linear maps and neurons -> the layers of a draft.

Importers call `Net` in the order of the network. A linear map is held back until it is known who
reads it: the input gain and the leak current of a neuron are folded into the map before it,
which is exact in real numbers and needs no multiplier. With ``formats=exact`` every layer also gets
the format that holds the source's own numbers, so that nothing is rounded and each spike is that of
the source's equations; else formats stay open, as in any other import.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fwgen.errors import BundleError
from fwgen.ingest.bundle.schema import MAX_LAYERS, MAX_SIZE
from fwgen.ingest.bundle.weights import read_format
from fwgen.ingest.draft import SPIKES, Draft, Names
from fwgen.ingest.exact import Grid, Reals, exact_format, frac_bits, linear
from fwgen.ingest.spiking.layers import PARTS, MembraneInput, Written
from fwgen.ingest.spiking.neurons import Leak, LifExpression, Neuron, integrated, plan, too_fine
from fwgen.ingest.spiking.values import Formats, Map, NetValue, ValueOrMap

MAX_NUMBERS = 32 * 1024 * 1024
DIAGONAL = 1024  # a diagonal on spikes is written as a matrix, up to this size


@dataclass(slots=True, eq=False)
class Net:
    """The network so far; ``source`` is the path of the file, for messages."""

    draft: Draft
    source: str
    formats: Formats = field(default_factory=Formats)
    names: Names = field(init=False)
    _numbers: int = 0

    def __post_init__(self) -> None:
        self.names = Names(self.draft.name, self.draft.input_name)

    def event(self) -> NetValue:
        """The input as a value, with the grid of its format."""
        name, size = self.draft.input_name, self.draft.size
        if self.draft.input_format == SPIKES:
            return NetValue(name, Grid(np.zeros(size), np.ones(size), 0), temporal=True)
        fmt = read_format(self.draft.input_format, "--set input_format")
        unit = 2.0**-fmt.frac
        ends = (np.full(size, fmt.lo * unit), np.full(size, fmt.hi * unit))
        return NetValue(name, Grid(*ends, max(0, fmt.frac)))

    # -- linear maps --

    def dense(self, where: str, wanted: str, source: ValueOrMap, weight: Reals, bias: Reals) -> Map:
        """``weight @ x + bias``.

        Raises
        ------
        BundleError
            If it does not fit its source.
        """
        read = self.settled(source)
        if weight.ndim != 2 or not weight.size or max(weight.shape) > MAX_SIZE:  # noqa: PLR2004 - axes
            raise self._no(where, f"a matrix of 1 to {MAX_SIZE} rows", f"shape {weight.shape}")
        if weight.shape[1] != read.size or bias.shape != weight.shape[:1]:
            found = f"weights of shape {weight.shape}, a bias of shape {bias.shape}"
            raise self._no(where, f"weights of shape (units, {read.size}), as '{read.name}'", found)
        return Map(where, wanted, self._readable(where, read), weight, bias)

    def scaled(
        self, where: str, wanted: str, source: ValueOrMap, gain: Reals, offset: Reals
    ) -> ValueOrMap:
        """``gain * x + offset``, folded into a map in front; the source itself if that is it."""
        if (gain == 1).all() and not offset.any():
            return source
        if isinstance(source, Map):  # written for another reader or not: this one gets a copy
            weight = (
                gain[:, None] * source.weight if source.weight.ndim > 1 else gain * source.weight
            )
            bias = gain * source.bias + offset
            if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
                raise self._no(where, "finite weights times gain", "an infinite one")
            return replace(source, weight=weight, bias=bias, written=None)
        read = self._readable(where, self.settled(source))
        return Map(where, wanted, read, gain, offset)

    def settled(self, thing: ValueOrMap) -> NetValue:
        """A value that layers may read: a map is written now, once."""
        if isinstance(thing, NetValue):
            return thing
        if thing.written is None:
            thing.written = self._write(thing)
        return thing.written

    def _write(self, made: Map) -> NetValue:
        grid = linear(made.source.grid, made.weight, made.bias)
        if made.weight.ndim == 1 and not made.source.temporal:
            return self._write_scale(made, grid)
        weight = made.weight
        if weight.ndim == 1:  # on spikes; the Verilog back end takes matrices there
            if len(weight) > DIAGONAL:
                raise self._no(made.where, f"at most {DIAGONAL} scaled spikes", f"{len(weight)}")
            weight = np.diag(weight)
        keys: dict[str, Any] = {"weight_format": self.formats.weight}
        arrays = {"weight": weight}
        if made.bias.any():
            arrays["bias"] = made.bias
        else:
            keys["bias"] = False
        if self.formats.exact:
            keys["weight_format"] = self.formats.weight or exact_format(weight)
            keys["bias_format"] = exact_format(made.bias) if made.bias.any() else None
        grid = self._rounded(made, grid)
        name = self._add("dense", made.wanted, made.where, made.source.name, arrays, **keys)
        return NetValue(name, grid, made.source.temporal)

    def _rounded(self, made: Map, grid: Grid) -> Grid:
        """The grid, with room for the rounding of weights and biases to their formats."""
        ends = np.maximum(np.abs(made.source.grid.lo), np.abs(made.source.grid.hi)).sum()
        if self.formats.weight is None:
            room = ends * self.formats.step(made.weight) + self._step(made)
            return Grid(grid.lo - room, grid.hi + room, grid.frac) if room else grid
        fmt = read_format(self.formats.weight, "--set weight_format")
        room = ends * 2.0**-fmt.frac + self._step(made)
        frac = max(fmt.frac + made.source.grid.frac, frac_bits(made.bias))
        return Grid(grid.lo - room, grid.hi + room, frac)

    def _step(self, thing: ValueOrMap) -> float:
        """The coarsest grid that sums of a map, or a membrane after it, may be rounded to."""
        if isinstance(thing, NetValue):
            return self.formats.step(np.maximum(np.abs(thing.grid.lo), np.abs(thing.grid.hi)))
        source = max(1.0, 2.0**-thing.source.grid.frac)
        return source * max(self.formats.step(thing.weight), self.formats.step(thing.bias))

    def _write_scale(self, made: Map, grid: Grid) -> NetValue:
        size = len(made.weight)
        arrays = {"gamma": made.weight, "beta": made.bias}
        arrays |= {"mean": np.zeros(size), "variance": np.ones(size)}
        keys: dict[str, Any] = {"epsilon": 0.0}
        if self.formats.exact:
            keys["scale_format"] = exact_format(made.weight)
            keys["offset_format"] = exact_format(made.bias)
        source = made.source.name
        return NetValue(
            self._add("batch_norm", made.wanted, made.where, source, arrays, **keys), grid
        )

    # -- neurons --

    def neurons(self, where: str, wanted: str, source: ValueOrMap, neuron: Neuron) -> NetValue:
        """Neurons, one for each element of the source.

        Raises
        ------
        BundleError
            If they do not fit the source, or no layer has their spikes.
        """
        if source.size != len(neuron.beta):
            raise self._no(where, f"{source.size} neurons, as its source", f"{len(neuron.beta)}")
        self._check_leak(where, neuron.beta)
        if neuron.synapse is not None:
            self._check_leak(where, neuron.synapse.alpha)
        current = self.scaled(where, f"{wanted}_in", source, neuron.gain, neuron.constant)
        seen, steps = self._seen(neuron, current), self.draft.steps
        made = plan(where, neuron, seen.grid, seen.leak, steps, exact=self.formats.exact)
        if made.lift:
            current = self._lifted(where, wanted, current, made.lift)
        read = self._readable(where, self.settled(current))
        return self._write_neurons(where, wanted, read, made)

    def _check_leak(self, where: str, factors: Reals) -> None:
        outside = factors[(factors < 0) | (factors > 1)]
        if outside.size:
            raise self._no(where, "a leak factor from 0 to 1", f"{outside[0]:.6g}")

    def _lifted(self, where: str, wanted: str, current: ValueOrMap, lift: float) -> ValueOrMap:
        """A current with a tiny constant added, which float64 must hold together with the bias."""
        if isinstance(current, Map) and ((current.bias + lift) - current.bias != lift).any():
            raise too_fine(where, frac_bits(np.array([lift])))
        size = current.size
        return self.scaled(where, f"{wanted}_in", current, np.ones(size), np.full(size, lift))

    def _seen(self, neuron: Neuron, thing: ValueOrMap) -> MembraneInput:
        """What membranes see: the current, recurrent spikes, and a synapse after both."""
        grid, step, alpha = self._grid(thing), self._step(thing), None
        if neuron.recurrent is not None:
            size = thing.size
            spikes = NetValue("", Grid(np.zeros(size), np.ones(size), 0), temporal=True)
            back = Map("", "", spikes, neuron.recurrent, np.zeros(size))
            more = self._grid(back)
            grid = Grid(grid.lo + more.lo, grid.hi + more.hi, max(grid.frac, more.frac))
            step = max(step, self._step(back))
        if neuron.synapse is not None:
            alpha = self._leak(neuron.synapse.alpha, step)
            grid = integrated(grid, alpha, self.draft.steps)
            step = max(step, self._step(NetValue("", grid)))
        return MembraneInput(grid, self._leak(neuron.beta, step), alpha)

    def _grid(self, thing: ValueOrMap) -> Grid:
        if isinstance(thing, NetValue):
            return thing.grid
        return self._rounded(thing, linear(thing.source.grid, thing.weight, thing.bias))

    def _leak(self, factors: Reals, step: float) -> Leak:
        if self.formats.beta is not None:
            fmt = read_format(self.formats.beta, "--set beta_format")
            highest = np.minimum(1.0, factors + 2.0**-fmt.frac)
            return Leak(max(0, fmt.frac), highest, step)
        # the quantise stage lets 1 - beta become smaller by a sixteenth
        room = 0 if self.formats.exact else (1 - factors) / 16
        return Leak(frac_bits(factors), factors + room, step)

    def _write_neurons(
        self, where: str, wanted: str, source: NetValue, made: LifExpression
    ) -> NetValue:
        neuron, size = made.neuron, source.size
        parts = PARTS if neuron.synapse and neuron.recurrent is None else ()
        name = self._name(wanted, where, parts)
        seen, steps = self._seen(neuron, source), self.draft.steps
        written = Written(where, name, source.name, made, seen, self.formats, steps)
        for layer in written.layers():
            self._append(layer.op, layer.name, where, layer.source, layer.arrays, **layer.keys)
        if neuron.reached and neuron.fires:
            how = f"a current of {made.lift:g} in each step" if made.lift else "a lower threshold"
            self.draft.notes.append(f"{name} fires at its threshold too, by {how}.")
        ends = np.zeros(size), np.full(size, float(neuron.fires))
        return NetValue(name, Grid(*ends, 0), True, True, neuron.fires, made.membrane)

    # -- other layers --

    def summed(self, where: str, wanted: str, things: Sequence[ValueOrMap]) -> ValueOrMap:
        """The sum of several values of one size."""
        total = things[0]
        for thing in things[1:]:
            a, b = (self._readable(where, self.settled(t)) for t in (total, thing))
            if a.size != b.size or a.temporal != b.temporal:
                needed = "values of one size, all of each step or all of the event, to be summed"
                raise self._no(where, needed, f"'{a.name}' and '{b.name}'")
            name = self._add("add", f"{wanted}_sum", where, [a.name, b.name])
            grid = Grid(a.grid.lo + b.grid.lo, a.grid.hi + b.grid.hi, max(a.grid.frac, b.grid.frac))
            total = NetValue(name, grid, a.temporal)
        return total

    def relu(self, where: str, wanted: str, source: ValueOrMap) -> NetValue:
        """``max(x, 0)``."""
        read = self._readable(where, self.settled(source))
        grid = replace(read.grid, lo=np.maximum(read.grid.lo, 0), hi=np.maximum(read.grid.hi, 0))
        return NetValue(self._add("relu", wanted, where, read.name), grid, read.temporal)

    def above(
        self, where: str, wanted: str, source: ValueOrMap, value: Reals, *, reached: bool
    ) -> NetValue:
        """1 where the source is above ``value`` (or has reached it), else 0."""
        read = self._readable(where, self.settled(source))
        if value.shape != (read.size,):
            raise self._no(where, f"{read.size} thresholds, as '{read.name}'", f"{len(value)}")
        if reached and not self.formats.exact:
            raise self._no(where, "exact numbers for comparison=ge: --set formats=exact", "none")
        if reached:
            frac = max(read.grid.frac, frac_bits(value)) + 1
            value = value - 2.0**-frac
            if frac_bits(value) != frac:
                raise too_fine(where, frac)
        keys: dict[str, Any] = {"value": float(value[0])}
        name = self._name(wanted, where)
        arrays: dict[str, Reals] = {}
        if (value != value[0]).any():
            keys, arrays = {"value": f"{name}.value"}, {"value": value}
        self._append("threshold", name, where, read.name, arrays, **keys)
        ends = np.zeros(read.size), np.ones(read.size)
        return NetValue(name, Grid(*ends, 0), read.temporal)

    def output(self, where: str, source: ValueOrMap, readout: str | None) -> None:
        """An output; ``readout`` is ``membrane`` or ``spike_count`` where neurons are read.

        Raises
        ------
        BundleError
            If the value has no single number for an event.
        """
        read = self.settled(source)
        if read.neurons:
            read = self._read_out(where, read, "membrane" if not read.fires else readout)
        elif read.temporal:
            needed = "an output that is one number an event"
            raise self._no(where, needed, f"'{read.name}', which differs from step to step")
        if read.name in self.draft.outputs:
            raise self._no(where, "outputs of different layers", f"'{read.name}' twice")
        self.draft.outputs.append(read.name)

    def _read_out(self, where: str, read: NetValue, readout: str | None) -> NetValue:
        if readout is None:
            raise self._no(where, "neurons in front of an output, to be read out", "others between")
        if readout == "spike_count":
            name = self._add("spike_count", f"{read.name}_count", where, read.name)
        elif read.membrane:
            name = self._add("last_membrane", f"{read.name}_membrane", where, read.name)
        else:
            needed = "readout=spike_count with this reset and comparison"
            raise self._no(
                where, needed, "membrane, which fwgen's neuron has other than the file's"
            )
        return replace(read, name=name)

    def _readable(self, where: str, read: NetValue) -> NetValue:
        if read.neurons and not read.fires:
            needed = "a membrane that is read out after the last step only"
            raise self._no(where, needed, f"'{read.name}', a membrane that is read in each step")
        return read

    # -- writing --

    def _add(
        self,
        op: str,
        wanted: str,
        where: str,
        source: str | list[str],
        arrays: dict[str, Reals] | None = None,
        **keys: Any,
    ) -> str:
        name = self._name(wanted, where)
        return self._append(op, name, where, source, arrays, **keys)

    def _append(
        self,
        op: str,
        name: str,
        where: str,
        source: str | list[str],
        arrays: dict[str, Reals] | None = None,
        **keys: Any,
    ) -> str:
        self._numbers += sum(values.size for values in (arrays or {}).values())
        if len(self.draft.layers) >= MAX_LAYERS or self._numbers > MAX_NUMBERS:
            limit = f"at most {MAX_LAYERS} layers and {MAX_NUMBERS:,} parameters"
            raise self._no(where, limit, "more")
        return self.draft.add(op, name, source, arrays, **keys)

    def _name(self, wanted: str, where: str, parts: Sequence[str] = ()) -> str:
        """A legal name: a word that is taken by languages gets another before it."""
        try:
            return self.names.fresh(wanted, where, parts)
        except BundleError:
            return self.names.fresh(f"layer_{wanted}", where, parts)

    def _no(self, where: str, needed: str, found: str) -> BundleError:
        return BundleError(where, needed=needed, found=found, do="See docs/import.md.")
