"""Trajectories: the course of a site through the years, its turning points, slope and projection."""
