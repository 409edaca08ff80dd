"""Faults of every kind, injected into whole processes; in the end each chat must read as the newest post does.

Run `python -m pytest tests/faults --no-cov`, and with `-m long` the longer forms: two hundred kills, a minute's
silence. The session ends with a line that adds all cases up, the reason for each message that stays unsettled,
and how many unconfirmed sends were reconciled rightly.

A test gets a `site`: a blog, the fake platforms with five chats, and the program that delivers. It lets
something `happen`, runs the program until all is settled, and ends with `site.check()`.
"""
