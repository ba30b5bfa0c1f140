"""Where desired state comes from: the only room that knows Git."""
