"""What PostgreSQL and many workers are worth: `python -m tests.bench.workers [PART …] [--full]`."""
