"""A graph of real numbers -> an integer graph: every format decided and checked here."""
