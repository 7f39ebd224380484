"""Parts of `BookstoreSettings`: the settings of one deployment, and kinds of values."""
