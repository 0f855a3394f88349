"""Word-level circuits: exact integers on signals with known bounds, and their registers."""
