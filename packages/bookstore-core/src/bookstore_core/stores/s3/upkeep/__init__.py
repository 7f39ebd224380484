"""What administers a bucket: all its keys, versions removed, policies for IAM."""
