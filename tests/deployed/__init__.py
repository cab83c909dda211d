"""Outlay as its template deploys it, in the embedded cloud: an event goes in, rows, alarms and messages come out."""
