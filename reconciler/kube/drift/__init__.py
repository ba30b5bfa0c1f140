"""PURE. What differs between an object as it was declared and as it is."""
