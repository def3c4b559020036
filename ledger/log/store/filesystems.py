"""The type of file system that a file is on, from the system's mount table."""

import re
from pathlib import Path

MOUNTS = Path("/proc/mounts")
"""The mount table of Linux, a line each: `device folder type options`. Other systems have none."""

NETWORK = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs4", "orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf",
        "vmhgfs",
    }
)  # fmt: skip
"""File systems whose locks go over a network, or to the host of a virtual machine."""

_NETWORK_FUSE = re.compile(
    r"fuse\.(?:sshfs|ceph.*|davfs2?|gcsfuse|glusterfs.*|gvfsd-fuse|juicefs|mergerfs|portal|rclone"
    r"|s3fs|smbnetfs|vmhgfs-fuse|osxfs|grpcfuse)"
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_network(type: str) -> bool:
    """Whether SQLite's locks cannot be trusted on this type of file system."""
    return type in NETWORK or _NETWORK_FUSE.fullmatch(type) is not None


def file_system(path: Path, mounts: str | None = None) -> tuple[str, Path] | None:
    """The type of a file's file system and its mount point; None if the system does not tell.

    `mounts` is the mount table, by default the system's own.
    """
    if mounts is None:
        try:
            mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    wanted = path.expanduser().resolve()
    found: tuple[str, Path] | None = None
    for line in mounts.splitlines():
        words = line.split(" ")
        if len(words) < 3:
            continue
        at = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), words[1]))
        # Of two mounts at one place the later one hides the other.
        if wanted.is_relative_to(at) and (found is None or len(at.parts) >= len(found[1].parts)):
            found = words[2], at
    return found
