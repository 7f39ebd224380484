"""What Jupyter loads: the extension, a contents manager, checkpoints."""
