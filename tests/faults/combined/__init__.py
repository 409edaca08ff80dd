"""Many faults in one run, drawn from a seed: what stands in the chats in the end is what should.

A *script* is a list of steps: *acts* (a post is edited, a chat closes, the disk fills) and *runs* of the program, in
which acts happen at certain calls. `drawing` makes one from a seed, `stage` is where it is played, `judging` compares.
"""
