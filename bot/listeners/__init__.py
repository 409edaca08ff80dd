"""What hears readers: a module per platform, each turning what comes in into lines for the desk."""
