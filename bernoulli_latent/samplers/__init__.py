"""Models of binary vectors: fitted from data or moments, sampled by counter."""
