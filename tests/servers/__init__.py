"""What real servers and real proxies hand to Django, and who it then takes the client to be."""
