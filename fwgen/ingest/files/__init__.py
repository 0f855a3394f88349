"""Files from strangers, read bounded and without executing anything."""
