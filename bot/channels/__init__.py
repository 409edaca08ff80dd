"""Where messages go: a module per platform, each translating its SDK at the edge."""
