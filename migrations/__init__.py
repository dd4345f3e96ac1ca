"""Database migrations, in the order of their numbers. `app.services.migrations` runs them at start."""
