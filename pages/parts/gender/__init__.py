"""The Gender page: shares, darkness, feeling of safety, rates, categories and places by gender; plan checks.

Public: the `draw_*` functions of `shares`, `categories`, `places` and `plan_checks`, called by pages/gender.py; its
cached studies are in `queries`.
"""
