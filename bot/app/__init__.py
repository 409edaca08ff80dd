"""Put the parts together, and run them."""
