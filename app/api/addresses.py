"""Where the API is, and which one it is."""

ROOT = "/api/v1"
VERSION = "1"
