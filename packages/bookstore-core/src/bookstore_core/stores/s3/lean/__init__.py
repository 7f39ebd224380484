"""Lean calls: the requests that are sent by the thousand, with less work a call."""
