"""Put together and run: command line, settings, wiring, worker, embedded PostgreSQL."""
