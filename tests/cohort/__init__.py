"""Many images in one go."""
