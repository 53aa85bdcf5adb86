"""Files of customers, scored: any format, any size, on a laptop, in a function, in a thousand."""
