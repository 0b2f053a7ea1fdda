"""The registers, one file each: form, states, rules."""
