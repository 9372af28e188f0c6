"""Asking the rules: what a rule and a policy are, and how one transition is put to them."""
