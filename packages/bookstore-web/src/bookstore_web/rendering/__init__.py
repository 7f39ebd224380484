"""Rendering a notebook as an inert HTML document."""
