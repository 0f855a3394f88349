"""Layer by layer: float model, a user's framework and firmware against the reference."""
