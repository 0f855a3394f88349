"""Number formats, node dataclasses, the graph and its text form; imports no other stage."""
