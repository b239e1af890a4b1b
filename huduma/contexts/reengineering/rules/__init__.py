"""Pure judgements: what follows from how cases went, and how they would go."""
