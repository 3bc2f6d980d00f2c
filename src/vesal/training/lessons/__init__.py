"""How each kind of model is taught."""
