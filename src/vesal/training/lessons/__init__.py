"""How each model is taught."""
