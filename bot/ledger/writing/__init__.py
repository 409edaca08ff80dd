"""How deliveries are written, and the locks that go with the connection that they are written on."""
