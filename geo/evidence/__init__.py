"""Evidence: the verdict on a site's status, what it came from, and its words."""
