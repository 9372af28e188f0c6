"""The commands: a module for each, named like it."""
