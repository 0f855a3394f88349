"""Benches: generated Verilog against the reference."""
