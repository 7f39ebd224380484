"""The catalogue: an index of both shelves, for search and for what was saved last.

The store alone says what a version is. The catalogue is made from it, and can be thrown
away and made again at any time.
"""
