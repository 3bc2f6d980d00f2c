"""HTTP for our page, and for 3D Slicer, OHIF, napari and MITK in the protocols that they speak."""
