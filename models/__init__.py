"""The case and its storage: the shared language of every part; it imports no other part."""
