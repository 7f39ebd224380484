"""The caller's notebook server, asked through its contents API."""
