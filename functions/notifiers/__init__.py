"""What to say about findings, and to whom; slack.py says it."""
