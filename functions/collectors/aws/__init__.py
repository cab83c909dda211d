"""AWS sources: the resource collectors and the bills."""
