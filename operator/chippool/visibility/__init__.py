"""What people are told about decisions, and the read-only API that tells it to those with rights in one namespace."""
