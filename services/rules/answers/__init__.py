"""The answers: one module for each kind of thing that a proposal may ask for."""
