"""What memeEraML.py is made of: the service that answers, its API, and the window."""
