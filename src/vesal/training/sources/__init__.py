"""Where batches come from: cubes of volumes, pictures, patches with the numbers of classes."""
