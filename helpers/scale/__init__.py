"""Go beyond one machine: plan capacity, and run a vector engine in a file, on a server, or on a cluster."""
