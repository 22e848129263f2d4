"""Checked samples: drawn, sent out, read back, and the intervals that they give to a rate."""
