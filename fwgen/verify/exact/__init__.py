"""The integers of every operation, in NumPy."""
