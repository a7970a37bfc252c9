"""The executor: batches, journal use, verification."""
