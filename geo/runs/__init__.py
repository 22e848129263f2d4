"""Runs: long work with progress, in shards, on one process, several or a Dask cluster."""
