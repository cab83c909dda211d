"""Runs one model of sql/ at a time: build, audit, publish; and creates the views."""
