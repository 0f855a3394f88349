"""Integer graph -> hls4ml projects that give the same integers."""
