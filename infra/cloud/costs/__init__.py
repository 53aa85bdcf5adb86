"""What a month costs: listed prices, what is used, and the sums of them."""
