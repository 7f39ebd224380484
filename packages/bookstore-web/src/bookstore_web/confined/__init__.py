"""Work on content that others wrote, in a process of its own that can be ended.

A parser that is slow for a few bytes holds Python's lock, and then nothing else in its
process answers. So versions are rendered and compared in another process (`child.py`),
with a limit on memory and a budget of time for each task. The kernel ends a process
that goes over them; the next task gets a new one.
"""
