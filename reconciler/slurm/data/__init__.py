"""The data folders of a Slurm site: what lies there, and its end. `inside/data.sh` makes them and marks them."""

from reconciler.slurm.data.keeper import FolderKeeper

__all__ = ["FolderKeeper"]
