"""The only door to SNMP: values, codec, security and the engine that talks to many devices at a time."""
