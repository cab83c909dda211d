"""Athena's own engine on a laptop: real Trino in a Python process, and Athena's API on top of it."""
