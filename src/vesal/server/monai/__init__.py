"""MONAI Label's protocol: 3D Slicer's and OHIF's MONAI Label extensions, its Python client."""
