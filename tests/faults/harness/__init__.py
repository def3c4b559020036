"""Faults wherever one can happen: is what was acknowledged still there, and nothing half?

`python -m tests.faults.harness --seconds S --seed N` (`make faults`) prints the table that the docs
show. Each kind of fault has *points*: the calls, statements or messages of one program at which it
can strike. They are all gone through, in an order drawn from the seed, until the time is up; then
the next seed draws another program.

    shim.c, shim.py     stands between a program and its disk: kills, fails, writes down
    programs.py         what a program does to a ledger, drawn from a seed
    children.py         runs one in a forked child, hears what it was acknowledged
    checking.py         opens what is left anew and says what is wrong with it
    power.py            the disks that a power cut can leave of what was written down
    proxy.py, server.py a connection that is cut, a server that is killed
    copying.py          backups and restores, by the real commands
    meeting.py          two programs that record the same at once
    kinds.py            the kinds of fault on files; server_kinds.py those on a server
    mutants.py          broken ledgers, of which each has to be caught
    worker.py           goes through points; figures.py counts them
"""
