"""Blocks -> {file name: text}; writes nothing."""
