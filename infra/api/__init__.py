"""The API in writing: one OpenAPI document, and the examples in it."""
