"""What the lake means in code: what sql/ declares, how a fact becomes an object, and how a partition is published."""
