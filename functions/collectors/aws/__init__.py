"""AWS: one file a resource kind, and nothing else."""
