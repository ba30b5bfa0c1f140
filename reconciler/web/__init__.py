"""The daemon's pages: they read the board and propose to the source."""
