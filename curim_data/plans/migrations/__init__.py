"""The plan store's schema, one step at a time; run by `curim_data.plans.database` when a store is opened."""
