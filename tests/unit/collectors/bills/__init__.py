"""Bills, from delivered objects to published events."""
