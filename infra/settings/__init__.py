"""What a user edits: the files of config/, validated as a whole."""
