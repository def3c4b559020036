"""Commands about plugins, and the commands that plugins bring."""
