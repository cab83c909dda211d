"""What a deployment does to the lake: views, reference tables and the log of changes."""
