"""The plan store's schema, one step at a time; run by `curim_data.plans.plan_store` when a store is opened."""
