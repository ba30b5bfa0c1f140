"""The front door: one command, its verbs and their help."""
