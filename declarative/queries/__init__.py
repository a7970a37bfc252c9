"""Filters, dates and expectations over hosts and components. Pure."""
