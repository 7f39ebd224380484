"""The history of a notebook: its versions in time, and what differs between two."""
