"""Saves on disk, from the moment they are made until the store has them."""
