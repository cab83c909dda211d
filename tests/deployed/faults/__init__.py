"""What goes wrong, through the public path: each fault is told, loses no row, doubles none, and the next run repairs it."""
