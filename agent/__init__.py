"""What runs beside the things measured: inputs, spool, uplink."""
