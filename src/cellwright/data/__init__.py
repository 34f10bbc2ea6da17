"""Data: where it comes from, how it is kept, and how it becomes numbers."""
