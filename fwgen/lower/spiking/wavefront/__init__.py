"""The spiking layers as a wavefront: one or several time steps a clock, layer after layer.

Every layer is a fixed number of cycles after the one before, so that layers work on successive
steps at the same time. Nothing is shared between events but the state registers, which start anew
before an event's first step. Where one set of layers cannot take events fast enough, copies of
it take them in turn.
"""
