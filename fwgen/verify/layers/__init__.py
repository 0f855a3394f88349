"""Layer by layer: float model, a user's framework and firmware beside the reference."""
