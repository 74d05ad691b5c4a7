"""Programs that build what is published, and try it: `make dist`, `make layer`, `make try-wheel`."""
