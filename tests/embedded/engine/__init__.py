"""Tests of the engine: real Trino behind Athena's API."""
