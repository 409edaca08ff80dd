"""Plan what chats shall hold, and send it."""
