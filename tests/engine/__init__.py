"""Tests that ask real Trino: the session's engine, a lake of its own for each test."""
