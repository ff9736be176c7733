"""The Noise protocol framework, revision 34: the patterns XX and IK over Curve25519 and ChaCha20-Poly1305, by libsodium."""
