"""One file a source; none imports another."""
