"""The nouns: what is wanted, what is seen, what is to be done, how it stands. Frozen, and without I/O.

Pydantic models where strangers' data enters (Service, Recipe); frozen dataclasses for what we make ourselves.
"""
