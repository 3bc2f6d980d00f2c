"""What can be evaluated: our models, baselines that learn nothing, programs of others."""
