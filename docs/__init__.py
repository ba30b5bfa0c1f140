"""Pages for people; `python -m docs.generate` makes those that follow from the code."""
