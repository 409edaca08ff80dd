"""The digest that `paperboy demo` delivers."""
