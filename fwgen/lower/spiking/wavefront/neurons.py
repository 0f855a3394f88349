"""LIF neurons of a wavefront: the state in registers, or a table where that is smaller."""

from collections.abc import Callable
from dataclasses import replace

from fwgen.ir.nodes import CubaLif, Lif, Neurons
from fwgen.lower.design import Lanes, LifBlock, Signal
from fwgen.lower.spiking.currents import driven
from fwgen.lower.spiking.neurons import LifCore, NeuronReads
from fwgen.lower.spiking.wavefront.cores import core_of, fits, spikes_of
from fwgen.lower.spiking.wavefront.recurrent import looped
from fwgen.lower.spiking.wavefront.state import WavefrontState, slowest
from fwgen.lower.spiking.wavefront.tabulated import looked_up, smaller_table

Drive = Callable[[Lanes, int, str], tuple[Lanes, int]]
"""From sums of inputs, a copy and what its names end in to what membranes see.

With it come the picoseconds of logic in the loop besides the neurons' own.
"""


def lif(wave: WavefrontState, node: Lif) -> None:
    """A layer of neurons, for each copy; a table where that is smaller."""
    table = smaller_table(wave, node)
    if table is None:
        _copies(wave, node, lambda totals, _copy, _end: (totals, 0))
    else:
        looked_up(wave, node, table)


def cuba_lif(wave: WavefrontState, node: CubaLif) -> None:
    """A layer of neurons with currents that leak, for each copy."""

    def drive(totals: Lanes, copy: int, end: str) -> tuple[Lanes, int]:
        current, beside = driven(wave.plan, node, totals[0], copy, end)
        return (current,), beside

    _copies(wave, node, drive)


def _copies(wave: WavefrontState, node: Neurons, drive: Drive) -> None:
    for copy, end in wave.copies():
        currents = _currents(wave, node, copy, end)
        core = core_of(wave, node, max(slowest(currents), default=0))
        if currents[0].arrivals and (node.recurrent is not None or not fits(wave, core)):
            currents = tuple(wave.plan.at(s, s.time + 1) for s in currents)
            core = core_of(wave, node, 0)
        beside = 0
        if node.recurrent is not None:
            totals = looped(wave, node, core, currents, copy, end)
            currents, beside = drive(totals, copy, end)
            core = core_of(wave, node, max(slowest(currents), default=0))
        _block(wave, node, core, currents, copy, end, beside)


def _currents(wave: WavefrontState, node: Neurons, copy: int, end: str) -> Lanes:
    if (node.source, copy) in wave.lanes:
        return wave.lanes[node.source, copy]
    source = wave.plan.signals[node.source]
    if wave.steps.cycles > 1:
        source = wave.plan.held(source, end, copy)
    return (replace(source, temporal=True),) * wave.schedule.lanes


def _block(
    wave: WavefrontState,
    node: Neurons,
    core: LifCore,
    currents: Lanes,
    copy: int,
    end: str,
    beside: int,
) -> None:
    size, time, lanes = len(core.of), currents[0].time + 1, wave.schedule.lanes
    reads = NeuronReads.of(wave.plan.graph, node)
    spikes, membrane = spikes_of(wave, node, core, time, end), None
    if reads.last:
        net = f"{node.name}__membrane{end}"
        membrane = Signal(net, core.membrane, size, time, temporal=True)
        wave.last_membranes[node.name, copy] = membrane
    membranes: Lanes = ()
    if reads.every:
        nets = (f"{node.name}__membrane{lane}{end}" for lane in range(lanes))
        membranes = tuple(Signal(n, core.membrane, size, time, temporal=True) for n in nets)
        wave.membranes[node.name, copy] = membranes
    rate = f"{lanes} time steps a clock" if lanes > 1 else "one clock a time step"
    wave.plan.blocks.append(
        LifBlock(
            node.name + end,
            f"lif, {size} neurons, {rate}",
            core,
            currents,
            currents[0].time,
            spikes,
            membrane,
            copy,
            membranes,
            beside,
            node.name,
        )
    )
    wave.lanes[node.name, copy] = spikes
    if spikes:
        wave.plan.signals[node.name] = spikes[0]
