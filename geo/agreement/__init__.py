"""Agreement and drift: what editions and products say of the same land."""
