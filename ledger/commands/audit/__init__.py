"""Commands that prove history."""
