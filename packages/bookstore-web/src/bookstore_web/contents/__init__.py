"""The caller's notebook server, through its contents API."""
