"""LUTs, flip-flops and DSPs of a lowered design, estimated without synthesis."""
