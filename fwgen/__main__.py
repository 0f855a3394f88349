"""``python -m fwgen``."""

from fwgen.cli.app import main

main()
