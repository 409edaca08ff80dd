"""Posts in a git repository, by the `git` program."""
