"""How promptable models are measured: the papers' protocols, the challenge's, and ours."""
