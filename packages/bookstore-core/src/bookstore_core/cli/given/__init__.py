"""What people give to verbs: times in words, and files to be written."""
