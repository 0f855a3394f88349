"""Latency, resources, physics: JSON first, then console and Markdown from it."""
