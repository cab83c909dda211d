"""Source scans, one file each: `collectors/<source>/<what>.py` declares a COLLECTOR and yields events."""
