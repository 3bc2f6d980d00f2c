"""How each family is taught, as its paper says."""
