"""fwgen: trained trigger networks in, verified FPGA firmware out."""

__version__ = "0.1.0"
