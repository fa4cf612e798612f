"""The channels by which reports arrive."""
