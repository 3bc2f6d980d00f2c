"""Our networks against the golden numbers of the references."""
