"""Verilog -> mapped netlist, its resources and its timing; Yosys runs in a separate process."""
