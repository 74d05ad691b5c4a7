"""The functions whose start is measured; the runtime client imports them from the root of the repository."""
