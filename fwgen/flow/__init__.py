"""The stages in order, from files to files: the edge at which disk and tools are touched."""

DEFAULT_EVENTS = 20_000  # that a build simulates
MAX_JOBS = 32  # what Vivado's general.maxThreads takes
