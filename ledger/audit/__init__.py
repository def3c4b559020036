"""Audit: the Merkle tree over the lines, signed checkpoints, proofs, and what checks them."""
