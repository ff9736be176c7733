"""What somebody can do to a node from outside, done to a real one: `python -m tests.peer.attack`.

The node is a process of its own under the memory and file limits of a profile; an honest friend in another process measures what he
notices. Where the system allows it all of them live in a network namespace of their own, in which the attacker has as many addresses as he
likes.
"""
