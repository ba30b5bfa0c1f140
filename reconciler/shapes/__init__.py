"""What the pages answer, as Pydantic models: the server writes them, the client and the command line read them back."""
