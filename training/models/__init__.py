"""The models, one file each: how it is fitted, and what it answers natively.

All are fitted on the float32 features that training.graph.preprocessing makes.
"""
