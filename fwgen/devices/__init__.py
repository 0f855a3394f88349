"""Devices, boards, budgets, and the delay model of their cells; imports no stage."""
