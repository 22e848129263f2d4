"""Accounts: who may do what, the rules of sign-in, and what is audited and told. Pure."""
