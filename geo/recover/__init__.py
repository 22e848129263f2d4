"""Recovery runs: land cover of two years over many sites, in shards, computed and summed."""
