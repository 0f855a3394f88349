"""What `fwgen.build` and its sisters return: frozen objects that know their report."""
