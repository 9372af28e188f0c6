"""The views: folds of the log into SQL, each with its checkpoint; nothing else writes them."""
