"""The product's tests; they mirror the source tree."""
