"""What is asked for: each change becomes a commit, and is waited for where that is wished."""
