"""The demo: a synthetic region with sites, histories and land cover, the same at every build."""
