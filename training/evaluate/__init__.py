"""How good the forecasts are: measured on customers and dates that no fit saw, beside peers."""
