"""The rules of flow runs, one module for each family."""
