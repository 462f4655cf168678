"""Real orders of *Online Retail* run through the product."""
