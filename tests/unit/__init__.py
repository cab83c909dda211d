"""Tests in one process, without Trino and without a deployment: milliseconds each."""
