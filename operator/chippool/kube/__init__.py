"""Talk with the API server in raw JSON: nothing here knows what a chip is, and nothing here decides."""
