"""Settings with which nothing happens by itself: no timer fires, nothing is scheduled."""

from headgate.settings import Settings

QUIET = {
    name: False
    for name in Settings.model_fields
    if name.startswith("services_") and name.endswith("_enabled")
}
