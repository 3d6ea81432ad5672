"""Pictures of products: the catalogue's own by their address, and drawings by code for those that have none."""
