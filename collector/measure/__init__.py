"""Pure arithmetic on readings: no input, no output."""
