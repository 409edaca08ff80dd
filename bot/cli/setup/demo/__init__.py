"""The demo: a sample digest through the same planner, ledger and dispatcher as any other."""
