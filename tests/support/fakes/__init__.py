"""Fake platforms for tests: strict servers on loopback that the real SDKs talk to."""
