"""Native simulation: the generated Verilog compiled to a program and fed millions of events.

``sim/harness.cpp`` describes the files that go in and out of that program.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import jinja2
import numpy as np
import numpy.typing as npt

from fwgen.assets import asset_dir
from fwgen.ir.ports import Interface, Port
from fwgen.tools import toolchain
from fwgen.verify.bench.checked import Edges, Result
from fwgen.verify.bench.interface_json import Integers, pack, unpack, word_count

_BINARY = "harness"
_STALLED = 3  # the harness's exit code when ready_o stays low

# --x-* unique: the power-up state is drawn anew for every seed.
_VERILATE = (
    *("--cc", "--exe", "--no-timing", "-Wno-fatal", "-O3", "--prefix", "Vdut", "-o", _BINARY),
    *("--x-assign", "unique", "--x-initial", "unique"),
    *("-CFLAGS", "-std=c++17 -DVL_TIME_CONTEXT"),
)


def build(
    interface: Interface,
    rtl_files: Sequence[Path],
    work_dir: Path,
    effort: toolchain.Effort | None = None,
) -> Path:
    """Compile the Verilog and the harness in ``work_dir``; give the program.

    ``effort`` says how; left out, it follows from the size of the files.

    Nothing is done if the program there was made from the same files by the same tools.

    Raises
    ------
    ToolError
        If a tool is missing, refuses the files, or cannot work in ``work_dir``.
    """
    toolchain.require("verilator", "g++", "make", "perl")
    work = toolchain.work_folder(work_dir)
    header = render_ports(interface)
    program, stamp = work / "obj" / _BINARY, work / "stamp"
    effort = effort or toolchain.effort(rtl_files)
    digest = _digest(interface, rtl_files, header, effort)
    if program.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return program
    stamp.unlink(missing_ok=True)
    (work / "harness_ports.h").write_text(header)
    _compile(interface.top, rtl_files, work, effort)
    stamp.write_text(digest)
    return program


def render_ports(interface: Interface) -> str:
    """Text of ``harness_ports.h``: where each port's words lie in an event."""
    env = jinja2.Environment(  # noqa: S701 - C++, not HTML
        loader=jinja2.FileSystemLoader(asset_dir("templates")), undefined=jinja2.StrictUndefined
    )
    return env.get_template("harness_ports.h.j2").render(
        top=interface.top,
        latency=interface.latency,
        interval=interface.interval,
        inputs=_placed(interface.inputs),
        outputs=_placed(interface.outputs),
        in_words=sum(map(word_count, interface.inputs)),
        out_words=sum(map(word_count, interface.outputs)),
    )


def _placed(ports: Sequence[Port]) -> list[dict[str, Any]]:
    starts = np.cumsum([0, *map(word_count, ports)]).tolist()
    return [
        {
            # Verilator keeps double underscores for itself.
            "member": port.name.replace("__", "___05F"),
            "word": start,
            "words": word_count(port),
            "width": port.width,
        }
        for port, start in zip(ports, starts, strict=False)
    ]


def _digest(
    interface: Interface, rtl_files: Sequence[Path], header: str, effort: toolchain.Effort
) -> str:
    facts: list[object] = [
        interface.top,
        header,
        toolchain.verilator_version(),
        str(toolchain.verilator_root()),
    ]
    facts += [_VERILATE, effort]
    total = hashlib.sha256(repr(facts).encode())
    for path in (asset_dir("sim") / "harness.cpp", *rtl_files):
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _compile(top: str, rtl_files: Sequence[Path], work: Path, effort: toolchain.Effort) -> None:
    place = ("-CFLAGS", f"-I{work}", "--Mdir", "obj", "--top-module", top)
    sources = (*rtl_files, asset_dir("sim") / "harness.cpp")
    _tool(
        work,
        "verilator",
        *_VERILATE,
        *effort.verilator,
        *place,
        *(str(f.resolve()) for f in sources),
    )
    make = ("make", f"-j{os.cpu_count() or 1}", "-C", "obj", "-f", "Vdut.mk")
    _tool(work, *make, *effort.make)
    for part in (work / "obj").iterdir():  # hundreds of megabytes of precompiled headers
        if part.name != _BINARY:
            part.unlink()


def _tool(work: Path, *command: str) -> None:
    done = toolchain.run_tool(command, toolchain.environment(), work)
    log = work / f"{command[0]}.log"
    log.write_text(done.stdout)
    if done.returncode:
        raise toolchain.failure(f"{command[0]} in {work}", done, f"Read {log}.")


def run(
    exe: Path,
    interface: Interface,
    inputs: Sequence[Integers],
    gaps: npt.NDArray[Any],
    reset_after: npt.NDArray[Any],
    seed: int,
    *,
    reset_cycles: int = 1,
    jobs: int = 1,
) -> Result:
    """Feed events to a program of ``build``; give what it took and showed.

    Parameters
    ----------
    inputs
        Integers of each input port, (n, count).
    gaps, reset_after
        (n,), as ``schedule`` makes them.
    seed
        Of the power-up state and of the noise on inputs that are not valid.
    reset_cycles
        Edges after power-up that see ``rst_i`` high, at least 1.
    jobs
        Processes that share the events; each goes through its own power-up. The edges of one
        are then counted on from those of the one before.

    Raises
    ------
    ToolError
        If the program fails.
    ValueError
        If shapes differ or a value is none of its port's.
    """
    events = np.array_split(_event_words(interface, inputs, gaps, reset_after), max(1, jobs))
    with ThreadPoolExecutor(len(events)) as pool:
        parts = pool.map(
            lambda part, own: _run_part(exe, interface, part, own, max(1, reset_cycles)),
            events,
            range(seed, seed + len(events)),
        )
        return _joined(interface, list(parts), np.array_split(reset_after, len(events)))


def _run_part(
    exe: Path,
    interface: Interface,
    events: npt.NDArray[np.uint32],
    seed: int,
    reset_cycles: int,
) -> Result:
    with tempfile.TemporaryDirectory(dir=exe.parent) as folder:
        files = [str(Path(folder, name)) for name in ("events", "taken", "shown")]
        events.tofile(files[0])
        power_up = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % (2**31 - 2) + 1}"]
        command = [str(exe), *files, str(seed), str(reset_cycles), *power_up]
        done = toolchain.run_tool(command, dict(os.environ))
        if done.returncode not in (0, _STALLED):
            raise toolchain.failure(str(exe), done, "Build it again in an empty folder.")
        return _result(interface, Path(files[1]), Path(files[2]))


def _joined(
    interface: Interface, parts: Sequence[Result], reset_after: Sequence[npt.NDArray[Any]]
) -> Result:
    """One result of several, up to the first that stalled: event numbers stay aligned."""
    whole: list[Result] = []
    start = 0
    for part, after in zip(parts, reset_after, strict=True):
        whole.append(Result(part.taken + start, part.shown + start, part.outputs))
        if len(part.taken) < len(after):
            break
        last = max((part.taken + after).max(initial=0), part.shown.max(initial=0))
        start += int(last) + interface.latency + interface.interval
    return Result(
        taken=np.concatenate([part.taken for part in whole]),
        shown=np.concatenate([part.shown for part in whole]),
        outputs=tuple(
            np.concatenate(port) for port in zip(*(p.outputs for p in whole), strict=True)
        ),
    )


def _event_words(
    interface: Interface,
    inputs: Sequence[Integers],
    gaps: npt.NDArray[Any],
    reset_after: npt.NDArray[Any],
) -> npt.NDArray[np.uint32]:
    ports = [pack(port, values) for port, values in zip(interface.inputs, inputs, strict=True)]
    when = np.stack([gaps, reset_after], axis=1).astype(np.int32).view(np.uint32)
    return np.concatenate([when, *ports], axis=1)


def _result(interface: Interface, taken: Path, shown: Path) -> Result:
    words = [word_count(port) for port in interface.outputs]
    records = np.fromfile(shown, np.uint32).reshape(-1, 2 + sum(words))
    parts = np.split(records[:, 2:], np.cumsum(words)[:-1], axis=1)
    return Result(
        taken=np.fromfile(taken, np.int64),
        shown=np.ascontiguousarray(records[:, :2]).view(np.int64).ravel(),
        outputs=tuple(unpack(p, part) for p, part in zip(interface.outputs, parts, strict=True)),
    )


def schedule(
    n: int,
    interval: int,
    rng: np.random.Generator,
    kind: Literal["back-to-back", "gaps", "resets"],
    *,
    latency: int = 32,
) -> tuple[Edges, Edges]:
    """When to offer ``n`` events, and when to reset: ``gaps`` and ``reset_after``, both (n,).

    ``back-to-back`` takes an event every ``interval`` edges; many are offered before, while
    ``ready_o`` is low. ``gaps`` adds idle edges to half of them. ``resets`` is the same with a
    reset 1 to ``latency + interval`` edges after some events, so that about a third is lost.
    """
    early = rng.integers(1 - interval, 1, n)
    none = np.zeros(n, np.int64)
    if kind == "back-to-back":
        return early, none
    idle = np.minimum(rng.geometric(1 / (interval + 2), n), 8 * interval)
    gaps = np.where(rng.random(n) < 0.5, idle, early)  # noqa: PLR2004 - half
    if kind == "gaps":
        return gaps, none
    share = min(0.5, 0.4 * interval / latency)
    after = rng.integers(1, latency + interval + 1, n)
    return gaps, np.where(rng.random(n) < share, after, 0)
