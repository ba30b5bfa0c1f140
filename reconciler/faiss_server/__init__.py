"""A small HTTP server around FAISS, which is a library and ships none. Run: `python -m reconciler.faiss_server --help`.

It stands alone: nothing of Reconciler is imported, and FAISS itself only when the server starts.
"""
