"""Rollups: what is stale of each is built in Athena, audited and published."""
