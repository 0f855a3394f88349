"""Keras 2, Keras 3, QKeras and HGQ2 models -> drafts of bundles."""
