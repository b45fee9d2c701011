"""Where disks are mounted, and of which kind. A mount point without its disk is an empty folder, not an emptied one."""

import os

import psutil

NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "afs",
    "9p",
    "ceph",
    "davfs",
    "webdav",
    "glusterfs",
    "lustre",
    "beegfs",
    "virtiofs",
) + ("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gvfsd", "fuse.glusterfs", "vboxsf", "prl_fs", "drvfs")


def mounts_in(folder: str) -> dict[str, str]:
    """The mount points below `folder`, each with the type of its file system."""
    return {point: kind for point, kind in _mounts().items() if point != folder and _lies_in(point, folder)}


def kind_of(folder: str) -> str:
    """The type of the file system that `folder` lies on, as the system calls it; empty where it does not say."""
    mounts = _mounts()
    holding = [point for point in mounts if _lies_in(folder, point)]
    return mounts[max(holding, key=len)] if holding else ""


def _mounts() -> dict[str, str]:
    return {partition.mountpoint: partition.fstype.lower() for partition in psutil.disk_partitions(all=True)}


def is_network(kind: str) -> bool:
    """Whether a file system's type is one whose other users' changes this system is not told of."""
    return kind.startswith(NETWORK)


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))
