"""The spiking layers unrolled in space: every time step has its own hardware, interval 1.

A step is a feed-forward circuit from the membrane after the step before; pipelined like any
other, with no loop. Values that meet are brought to the same cycle by shift registers.
"""
