"""The plan store's schema, one step at a time; run by `curim_data.plans` when a store is opened."""
