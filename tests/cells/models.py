"""What each cell of templates/cells does, in a few lines of Python, and how it is driven.

A model gets the cell's parameters and its inputs, one integer a cycle, and gives its outputs in the
same way; None where the cell promises nothing, as before its first start.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Parameters = Mapping[str, int]
Trace = dict[str, list[int]]
Shown = dict[str, list[int | None]]
Widths = dict[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: what it does, its ports beside the clock, and parameters that it must refuse."""

    model: Callable[[Parameters, Trace], Shown]
    inputs: Callable[[Parameters], Widths]
    outputs: Callable[[Parameters], Widths]
    sets: tuple[Parameters, ...]
    refused: tuple[Parameters, ...]
    refusal: str


def elements(value: int, width: int, count: int) -> list[int]:
    """The elements of a packed vector."""
    return [value >> width * i & ((1 << width) - 1) for i in range(count)]


def packed(values: list[int], width: int) -> int:
    """Elements as a packed vector, each modulo its width."""
    return sum((value & ((1 << width) - 1)) << width * i for i, value in enumerate(values))


# ---- cells that keep, delay, choose or add ----


def delay(p: Parameters, given: Trace) -> Shown:
    """The input, a number of cycles later."""
    cycles, data = p["CYCLES"], given["data_i"]
    return {"data_o": [None] * cycles + list(data[:-cycles])}


def hold(_: Parameters, given: Trace) -> Shown:
    """The input of the last cycle with load_i."""
    kept: int | None = None
    shown = []
    for load, data in zip(given["load_i"], given["data_i"], strict=True):
        shown.append(kept)
        kept = data if load else kept
    return {"data_o": shown}


def restart(_: Parameters, given: Trace) -> Shown:
    """The input, or 0 with first_i."""
    pairs = zip(given["first_i"], given["data_i"], strict=True)
    return {"data_o": [0 if first else data for first, data in pairs]}


def total(p: Parameters, given: Trace) -> Shown:
    """The sum of two numbers and a bit, modulo its width."""
    rows = zip(given["a_i"], given["b_i"], given["carry_i"], strict=True)
    return {"sum_o": [sum(row) % (1 << p["WIDTH"]) for row in rows]}


def merge(p: Parameters, given: Trace) -> Shown:
    """The data of the copy whose bit was high a cycle ago, or of the first."""
    due = [None, *given["due_i"][:-1]]  # bit c - 1 belongs to copy c
    rows = zip(due, given["data_i"], strict=True)
    split = ((bits, elements(data, p["WIDTH"], p["COPIES"])) for bits, data in rows)
    return {"data_o": [None if d is None else data[d.bit_length()] for d, data in split]}


def train(p: Parameters, given: Trace) -> Shown:
    """The vectors of the last cycle with load_i, one after the other."""
    left: list[int] = []
    shown: list[int | None] = []
    for load, data in zip(given["load_i"], given["data_i"], strict=True):
        shown.append(left.pop(0) if left else None)
        left = elements(data, p["WIDTH"], p["CYCLES"]) if load else left
    return {"data_o": shown}


# ---- cells that gather over an event ----


def gathered(
    p: Parameters, given: Trace, port: str, width: int
) -> Iterator[tuple[bool, list[int]]]:
    """Of each cycle, whether it starts anew, and the packed vectors that count in it."""
    for first, last, data in zip(given["first_i"], given["last_i"], given[port], strict=True):
        lanes = elements(data, width * p["COUNT"], p["LANES"])
        yield bool(first), lanes[: p["ENDING"]] if last else lanes


def count(p: Parameters, given: Trace) -> Shown:
    """Ones of each element since the last first_i."""
    sums: list[int] | None = None
    shown: list[int | None] = []
    for first, lanes in gathered(p, given, "bit_i", 1):
        shown.append(None if sums is None else packed(sums, p["WIDTH"]))
        sums = [0] * p["COUNT"] if first else sums
        if sums is not None:
            sums = [n + sum(lane >> i & 1 for lane in lanes) for i, n in enumerate(sums)]
    return {"count_o": shown}


def first_one(p: Parameters, given: Trace) -> Shown:
    """Vectors since the last first_i that came before the first with a one.

    An event ends in the cycle with last_i; behind its result nothing is promised.
    """
    rows: list[int] | None = None
    shown: list[int | None] = []
    ended = False
    for (first, lanes), last in zip(gathered(p, given, "bit_i", 1), given["last_i"], strict=True):
        shown.append(None if rows is None else packed(_before_ones(p, rows), p["WIDTH"]))
        rows = [] if first else None if ended else rows
        rows = None if rows is None else rows + lanes
        ended = bool(last)
    return {"index_o": shown}


def _before_ones(p: Parameters, rows: list[int]) -> list[int]:
    firsts = ((k for k, row in enumerate(rows) if row >> i & 1) for i in range(p["COUNT"]))
    return [next(found, len(rows)) for found in firsts]


def maximum(p: Parameters, given: Trace) -> Shown:
    """The largest of each element since the last first_i."""
    width, largest = p["WIDTH"], list[int]()
    sign = p["SIGNED"] << (width - 1)
    shown: list[int | None] = []
    for first, lanes in gathered(p, given, "data_i", width):
        shown.append(packed(largest, width) if largest else None)
        # with its sign bit turned over, two's complement is in the order of plain binary
        rows = [[n ^ sign for n in elements(lane, width, p["COUNT"])] for lane in lanes]
        before = [] if first else [[n ^ sign for n in largest]] * bool(largest)
        if first or largest:
            largest = [max(column) ^ sign for column in zip(*before, *rows, strict=True)]
    return {"data_o": shown}


def latency(p: Parameters, given: Trace) -> Shown:
    """A one in the step that an element names, counted from the cycle after load_i."""
    width, size, lanes = p["WIDTH"], p["COUNT"], p["LANES"]
    steps, now = list[int](), 0
    shown: list[int | None] = []
    for load, data in zip(given["load_i"], given["step_i"], strict=True):
        known = bool(steps) and now + lanes <= 1 << width
        bits = [int(n == now + lane) for lane in range(lanes) for n in steps]
        shown.append(packed(bits, 1) if known else None)
        steps, now = (elements(data, width, size), 0) if load else (steps, now + lanes)
    return {"spike_o": shown}


# ---- event control ----


def events(p: Parameters, given: Trace) -> Shown:
    """Where each event is that was taken since the last reset, and which copy has it."""
    interval, last, copies = p["INTERVAL"], p["LAST"], p["COPIES"]
    under_way, turn, known = list[tuple[int, int]](), 0, False  # cycles since it was taken; copy
    shown: Shown = {"ready_o": [], "at_o": [], "of_o": []}
    for valid, reset in zip(given["valid_i"], given["rst_i"], strict=True):
        ready = all(age > interval - 2 for age, _ in under_way)
        found = {
            "ready_o": int(ready),
            "at_o": sum(1 << age for age, _ in under_way),
            "of_o": sum(1 << copy * (last + 1) + age for age, copy in under_way),
        }
        for port, value in found.items():
            shown[port].append(value if known else None)
        known = known or bool(reset)
        under_way = [(age + 1, copy) for age, copy in under_way if age < last]
        if valid and ready:
            under_way.append((0, turn))
            turn = (turn + 1) % copies
        if reset:
            under_way, turn = [], 0
    return shown


def _only(width: str, *ports: str) -> Callable[[Parameters], Widths]:
    """Ports as wide as a parameter says."""
    return lambda p: dict.fromkeys(ports, p[width])


def _gathers(port: str) -> Callable[[Parameters], Widths]:
    ends = {"first_i": 1, "last_i": 1}
    one = port == "bit_i"
    return lambda p: {**ends, port: p["LANES"] * p["COUNT"] * (1 if one else p["WIDTH"])}


def _results(port: str) -> Callable[[Parameters], Widths]:
    return lambda p: {port: p["COUNT"] * p["WIDTH"]}


_LANES = {"COUNT": 1, "WIDTH": 4, "LANES": 1, "ENDING": 1}
_NO_LANES = tuple(
    {**_LANES, **bad}
    for bad in ({"COUNT": 0}, {"WIDTH": 0}, {"LANES": 0, "ENDING": 0}, {"ENDING": 0}, {"ENDING": 2})
)
_GATHERINGS = (
    _LANES,
    {"COUNT": 3, "WIDTH": 3, "LANES": 1, "ENDING": 1},
    {"COUNT": 2, "WIDTH": 6, "LANES": 3, "ENDING": 2},
    {"COUNT": 5, "WIDTH": 9, "LANES": 2, "ENDING": 2},
)
CELLS = {
    "fwgen_delay": Cell(
        delay,
        _only("WIDTH", "data_i"),
        _only("WIDTH", "data_o"),
        ({"WIDTH": 1, "CYCLES": 1}, {"WIDTH": 9, "CYCLES": 2}, {"WIDTH": 70, "CYCLES": 7}),
        ({"WIDTH": 0, "CYCLES": 1}, {"WIDTH": 8, "CYCLES": 0}),
        "fwgen_delay_needs_at_least_one_cycle_and_one_bit",
    ),
    "fwgen_hold": Cell(
        hold,
        lambda p: {"load_i": 1, "data_i": p["WIDTH"]},
        _only("WIDTH", "data_o"),
        ({"WIDTH": 1}, {"WIDTH": 33}),
        ({"WIDTH": 0},),
        "fwgen_hold_needs_at_least_one_bit",
    ),
    "fwgen_restart": Cell(
        restart,
        lambda p: {"first_i": 1, "data_i": p["WIDTH"]},
        _only("WIDTH", "data_o"),
        ({"WIDTH": 1}, {"WIDTH": 40}),
        ({"WIDTH": 0},),
        "fwgen_restart_needs_at_least_one_bit",
    ),
    "fwgen_sum": Cell(
        total,
        lambda p: {"a_i": p["WIDTH"], "b_i": p["WIDTH"], "carry_i": 1},
        _only("WIDTH", "sum_o"),
        ({"WIDTH": 2}, {"WIDTH": 8}, {"WIDTH": 65}),
        ({"WIDTH": 1},),
        "fwgen_sum_needs_at_least_two_bits",
    ),
    "fwgen_merge": Cell(
        merge,
        lambda p: {"due_i": p["COPIES"] - 1, "data_i": p["COPIES"] * p["WIDTH"]},
        _only("WIDTH", "data_o"),
        tuple({"WIDTH": 3, "COPIES": copies} for copies in (2, 3, 4, 5, 7, 8)),
        ({"WIDTH": 0, "COPIES": 2}, {"WIDTH": 8, "COPIES": 1}),
        "fwgen_merge_needs_at_least_two_copies_and_one_bit",
    ),
    "fwgen_train": Cell(
        train,
        lambda p: {"load_i": 1, "data_i": p["CYCLES"] * p["WIDTH"]},
        _only("WIDTH", "data_o"),
        ({"WIDTH": 1, "CYCLES": 2}, {"WIDTH": 5, "CYCLES": 4}, {"WIDTH": 24, "CYCLES": 5}),
        ({"WIDTH": 0, "CYCLES": 2}, {"WIDTH": 8, "CYCLES": 1}),
        "fwgen_train_needs_at_least_two_vectors_and_one_bit",
    ),
    "fwgen_count": Cell(
        count,
        _gathers("bit_i"),
        _results("count_o"),
        _GATHERINGS,
        _NO_LANES,
        "fwgen_count_parameters_do_not_fit",
    ),
    "fwgen_first": Cell(
        first_one,
        _gathers("bit_i"),
        _results("index_o"),
        _GATHERINGS,
        _NO_LANES,
        "fwgen_first_parameters_do_not_fit",
    ),
    "fwgen_maximum": Cell(
        maximum,
        _gathers("data_i"),
        _results("data_o"),
        tuple({**p, "SIGNED": signed} for p in _GATHERINGS for signed in (0, 1)),
        tuple({**_LANES, "SIGNED": 1, **p} for p in (*_NO_LANES, {"SIGNED": 2}, {"SIGNED": -1})),
        "fwgen_maximum_parameters_do_not_fit",
    ),
    "fwgen_latency": Cell(
        latency,
        lambda p: {"load_i": 1, "step_i": p["COUNT"] * p["WIDTH"]},
        lambda p: {"spike_o": p["COUNT"] * p["LANES"]},
        (
            {"COUNT": 1, "WIDTH": 4, "LANES": 1},
            {"COUNT": 3, "WIDTH": 3, "LANES": 1},
            {"COUNT": 2, "WIDTH": 4, "LANES": 3},
            {"COUNT": 1, "WIDTH": 32, "LANES": 2},
        ),
        tuple(
            {"COUNT": 1, "WIDTH": 4, "LANES": 1, **bad}
            for bad in ({"COUNT": 0}, {"WIDTH": 0}, {"WIDTH": 33}, {"LANES": 0})
        ),
        "fwgen_latency_parameters_do_not_fit",
    ),
    "fwgen_events": Cell(
        events,
        lambda _: {"valid_i": 1, "rst_i": 1},
        lambda p: {
            "ready_o": 1,
            "at_o": p["LAST"] + 1,
            "of_o": p["COPIES"] * (p["LAST"] + 1),
        },
        (
            {"INTERVAL": 1, "LAST": 1, "COPIES": 1},
            {"INTERVAL": 2, "LAST": 1, "COPIES": 1},
            {"INTERVAL": 5, "LAST": 9, "COPIES": 1},
            {"INTERVAL": 1, "LAST": 6, "COPIES": 2},
            {"INTERVAL": 3, "LAST": 8, "COPIES": 3},
        ),
        (
            {"INTERVAL": 0, "LAST": 1, "COPIES": 1},
            {"INTERVAL": 1, "LAST": 0, "COPIES": 1},
            {"INTERVAL": 3, "LAST": 1, "COPIES": 1},
            {"INTERVAL": 1, "LAST": 1, "COPIES": 0},
        ),
        "fwgen_events_parameters_do_not_fit",
    ),
}
