"""studio-ledger: every booking, equipment move and milestone of a studio campus, in one log."""

__version__ = "0.1.0"
