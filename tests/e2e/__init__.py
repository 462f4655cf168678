"""The whole service as real processes, hurt on purpose."""
