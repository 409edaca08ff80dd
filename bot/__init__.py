"""Fetch digests, plan their messages into a ledger, and send them."""
