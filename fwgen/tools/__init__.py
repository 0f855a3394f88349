"""The programs outside Python that fwgen runs."""
