"""Access logs and events -> requests, sightings, traffic, assets, rejects, coverage."""
