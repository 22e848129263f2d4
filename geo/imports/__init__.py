"""Imports: the rows of a file mapped, judged, written with a receipt each, and undone by new events."""
