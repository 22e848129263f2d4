"""Subsidence: displacement rates, ponding and settlement of the sites, and the run for them."""
