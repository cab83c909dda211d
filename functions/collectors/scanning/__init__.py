"""What all scans share: the declaration of a collector, discovery, the runner, events and shaping."""
