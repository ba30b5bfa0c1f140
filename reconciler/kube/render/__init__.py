"""PURE. A resolved service → the objects that it is made of."""
