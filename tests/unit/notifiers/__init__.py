"""The notifier: what it says, to whom, and that it says it once."""
