"""Verbs that change what is wanted: each change is a commit, made by a daemon, or here where there is none."""
