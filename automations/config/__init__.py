"""What the owner asked for: config.yaml, read and checked as a whole."""
