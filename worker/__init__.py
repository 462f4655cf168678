"""The process that runs workflows and activities: settings, wiring, lifecycle."""
