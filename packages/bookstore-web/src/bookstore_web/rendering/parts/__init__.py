"""What is read of a notebook to be rendered: cells and outputs, within limits."""
