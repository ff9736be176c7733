"""Signed commands on the device: who may do what, executed at most once, answered and audited."""
