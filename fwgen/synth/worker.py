"""Runs Yosys commands: a separate program, so that its chatter and its crashes stay outside.

Started as a file with one argument, a JSON file ``{"commands": [...]}``; imports nothing of fwgen.
"""

import json
import sys
from pathlib import Path
from time import monotonic


def main(job: Path) -> None:
    """Run the commands of ``job`` on one design; print the seconds that each takes."""
    from pyosys import libyosys  # noqa: PLC0415 - loads a native library, only in this process

    design = libyosys.Design()
    for command in json.loads(job.read_text(encoding="utf-8"))["commands"]:
        start = monotonic()
        libyosys.run_pass(command, design)
        sys.stdout.write(f"\nfwgen: {monotonic() - start:.1f} s  {command}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
