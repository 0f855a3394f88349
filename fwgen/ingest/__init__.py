"""A file of any supported format -> a graph of real numbers."""
