"""An hour of `paperboy run`, lived by a group of twelve, a channel and an operator."""
