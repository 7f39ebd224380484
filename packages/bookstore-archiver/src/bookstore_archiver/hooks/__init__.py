"""What is wrapped around a live contents manager: saves, renames, opening."""
