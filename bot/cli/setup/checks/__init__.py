"""What the doctor looks at, one module a subject; each finding has a name, which the handbook explains."""
