"""What must hold whatever a file, an archive or a client says."""
