"""The domain of Reverdure: sites, status, cities, rasters, recovery, rates, the store and its jobs."""
