"""What is read: each answer is made at once, of the board."""
