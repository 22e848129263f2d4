"""What Reverdure serves: the HTTP service, the pages and the command line."""
