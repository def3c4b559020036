"""Commands that record: sites, projects, bookings, equipment, and batches of them."""
