"""What comes in from Telegram, a module for each kind of thing that people do."""
