"""Container images without a registry, under their public names, so that recipes run unchanged.

`image` packs folders and files of this machine; most modules make one image each, `catalogue` lists them all, `pinned`
knows what recipes call them, `store` gives them to a node's containerd.
"""

from lab.images.image import Folder, Image, Link, Text, libraries, pack, shell, tree

__all__ = ["Folder", "Image", "Link", "Text", "libraries", "pack", "shell", "tree"]
