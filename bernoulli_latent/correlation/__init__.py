"""Correlation matrices of binary vectors and of the Gaussian vectors behind them."""
