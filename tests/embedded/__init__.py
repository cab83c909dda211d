"""The embedded cloud's own suite: it knows nothing of Outlay."""
