"""The laptop's AWS, Athena and Slack. Knows nothing of Outlay: it runs whatever template it is given."""
