"""The Redis that a Headgate stands on: given by a URL, or embedded in a data directory."""
