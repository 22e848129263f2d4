"""Spectral recovery: indices, targets, metrics by pixel and site, and the run that computes them."""
