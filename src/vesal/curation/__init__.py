"""Raw data sets to training sets, by published rules."""
