"""Text to tags: a pure engine and the stage that applies it."""
