"""Past one machine: capacity, and a vector engine in a file, on a server, on a cluster."""
