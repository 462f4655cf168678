"""What a deployment is made of: images, the compose file, the jobs, and what the documents say about them."""
