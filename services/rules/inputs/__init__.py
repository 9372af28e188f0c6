"""Inputs of flow runs: given, taken away, and given as the answer by which a paused run goes on."""
