"""What brings facts into the lake: a folder a source, and what all scans share."""
