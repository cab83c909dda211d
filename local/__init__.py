"""Outlay on a laptop: an embedded cloud, and the commands that use it."""
