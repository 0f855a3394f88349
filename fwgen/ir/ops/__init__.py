"""The operations by families, which bear the same names in every stage."""
