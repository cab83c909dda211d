"""Rollups from staleness to publication."""
