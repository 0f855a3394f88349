"""A bundle (``model.yaml`` and ``weights.npz``) -> a graph of real numbers."""
