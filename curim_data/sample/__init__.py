"""The sample city: its home, built from the made-up export, and its illustrative plans.

Public: `home.sample_home`, `home.make_apart`; `plans.demo_plans`, `plans.demo_words`.
"""
