"""A Django project behind a reverse proxy that shows who it takes the client to be."""
