"""PURE. How an object stands, by its kind."""
