"""The demo: a Telegram chat and a Slack channel in a browser, fed by what the product runs on."""
