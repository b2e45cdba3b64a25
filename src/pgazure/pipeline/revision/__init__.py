"""Changes to what is there: apply, drop, orders given in SQL, generations."""
