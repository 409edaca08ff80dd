"""Who may call a platform when: its documented limits, what its refusals taught, and the pauses that it asks for."""
