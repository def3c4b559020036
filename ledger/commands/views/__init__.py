"""Commands that ask views."""
