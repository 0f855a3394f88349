"""The integer reference, benches and comparison."""
