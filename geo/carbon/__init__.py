"""Carbon: what new cover takes up, always as a range, by site, group and year."""
