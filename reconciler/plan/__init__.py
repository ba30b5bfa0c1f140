"""What to do, from what is wanted and what is seen. Pure."""
