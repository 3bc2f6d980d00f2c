"""Images with what is known to be in them: pairs on the disk, whatever their folders look like."""
