"""The Leither Edge node: keeps a person's data, serves others', and answers signed commands."""

__version__ = "0.1.0"
# Seconds since 1970 of this release: a moment that has certainly passed wherever this code runs.
BUILD_TIME = 1795219200
