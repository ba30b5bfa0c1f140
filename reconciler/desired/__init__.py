"""Texts of a revision to services that are ready to run, or complaints with file, line and column. Pure."""
