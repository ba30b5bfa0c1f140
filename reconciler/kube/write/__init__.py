"""What is written: applied, repaired, removed."""
