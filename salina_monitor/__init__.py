"""Salina Monitor: the live state of Salina's services and background jobs, for owners and admins."""

__version__ = "0.1.0"
