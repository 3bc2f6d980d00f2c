"""Many images in one go: what is to be segmented in each, the run, the report."""
