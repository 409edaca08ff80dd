"""Slack's web API: how it is reached, what its answers and errors mean, what is learnt of a workspace."""
