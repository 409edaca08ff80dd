"""Every paper, to be looked up."""
