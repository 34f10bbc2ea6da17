"""The reinforcement-learned policy."""
