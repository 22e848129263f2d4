"""The wire: one pydantic model for each thing that the API takes or gives, hectares in `*_ha`."""
