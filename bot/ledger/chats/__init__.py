"""The chats of the ledger: which of them receive, what they prefer, and which are one."""
