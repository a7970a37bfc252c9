"""Reading the current state, cheapest way first."""
