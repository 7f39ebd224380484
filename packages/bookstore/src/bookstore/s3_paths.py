"""S3 path functions, under their documented import name."""

from bookstore_core.paths import DELIMITER as delimiter
from bookstore_core.paths import s3_display_path, s3_key, s3_path

__all__ = ["delimiter", "s3_display_path", "s3_key", "s3_path"]
