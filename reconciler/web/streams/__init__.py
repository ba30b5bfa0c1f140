"""What is told as it happens: answers that go on, in the server's own loop, of the board's journal and of outputs."""
