"""Commands that run a ledger: init, doctor, backup, restore, import, export, roles."""
