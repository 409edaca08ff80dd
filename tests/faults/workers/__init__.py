"""Several `paperboy run` on one PostgreSQL, under all kinds of faults drawn from a seed.

A *script* is a list of rounds: something changes, in a post or by a reader, and while it is delivered faults strike at
certain calls. `acts` are these faults, `drawing` makes a script from a seed, `stage` is where `playing` plays it.
"""
