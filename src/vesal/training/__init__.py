"""How a model is made: corpus, samples, simulated clicks, loss, loop."""
