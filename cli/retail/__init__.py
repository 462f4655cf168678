"""Real orders of *Online Retail* run through the product, and files made in their likeness."""
