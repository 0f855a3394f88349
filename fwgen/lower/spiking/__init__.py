"""Spiking layers: schedules, accumulators of spikes, neurons and read-outs."""
