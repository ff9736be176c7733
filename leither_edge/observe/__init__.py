"""Counters, their OpenMetrics text, and the log: what the node tells about itself."""
