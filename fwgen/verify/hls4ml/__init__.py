"""hls4ml's C simulation against the reference."""
