"""Recorded programs as C99: to read, and to run where there is no Python.

Imports the engine's and the support's rooms by way of programs only.
"""
