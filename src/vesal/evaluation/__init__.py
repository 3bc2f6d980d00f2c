"""How good masks are: metrics, a simulated user, baselines that need no learning."""
