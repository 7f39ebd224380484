"""What administers a bucket: versions removed for good."""
