"""A shop on Lambda: orders come in over HTTP, are paid by a worker, and the large ones wait for a person."""
