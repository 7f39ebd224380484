"""What work costs as histories, folders and spools grow: requests, CPU, memory."""
