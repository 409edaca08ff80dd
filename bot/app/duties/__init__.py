"""What one process at a time does: to plan, and to deliver for a bot; and who does it."""
