"""The laws of a projection, and the tools that tell when one is broken."""
