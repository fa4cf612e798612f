"""The parts of the city check, one per kind of data; models.city_check runs them all."""
