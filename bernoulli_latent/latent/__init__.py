"""What can be done with one binary latent: invert, interpolate, edit."""
