"""What the sender keeps of a run: the record for machines, the rejects for the people who correct them."""
