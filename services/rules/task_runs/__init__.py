"""The rules of task runs, one module for each subject."""
