"""Tensors in, tensors out: one implementation for two and three space axes."""
