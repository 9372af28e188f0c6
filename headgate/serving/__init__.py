"""Serving: processes that run until they are asked to stop."""
