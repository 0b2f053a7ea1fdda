"""Pure judgement: values and a time in, findings out."""
