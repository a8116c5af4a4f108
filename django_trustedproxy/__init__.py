"""REMOTE_ADDR that no client can forge, for Django behind a reverse proxy."""
