"""Readers: what people send, told by its first bytes and read in a process of its own."""
