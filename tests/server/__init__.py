"""Tests of the server: in this process, on a port, with real clients and a real browser."""
