"""What operators are notified of, and the status that they ask for."""
