"""The dashboard: one thin script for each page, and `shell.py`, which runs round every page.

What the scripts draw lives in `pages.parts`, one package or module a page over the shared ones.
"""
