"""The stages in order, from files to files: the edge at which disk and tools are touched."""
