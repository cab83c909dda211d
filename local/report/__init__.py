"""What a person sees after a run: one Report, shown as a web page, as a terminal summary or as JSON."""
