"""All reads about identities: one module for people, one for records that may be one person's."""
