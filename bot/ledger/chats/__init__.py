"""The chats of the ledger: which receive, what they prefer, which are one, and what is deleted again in them."""
