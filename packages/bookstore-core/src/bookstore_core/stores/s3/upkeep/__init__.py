"""What administers a bucket: all its keys listed, versions removed for good."""
