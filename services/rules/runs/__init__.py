"""The rules that flow runs and task runs share; they ask nothing that only one of them has."""
