"""``python -m fwgen``."""

from fwgen.cli import main

main()
