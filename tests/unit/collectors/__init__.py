"""The collectors and their runner."""
