"""What is seen: watches, what is kept of each object, and the workloads made of it."""
