"""Concurrency limits and leases: what is decided in the control partition."""
