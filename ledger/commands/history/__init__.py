"""Commands that read the log: log, show, blame, diff, replay."""
