"""S3 by boto3. All verbs take url, key, secret, region and bucket."""

from __future__ import annotations

import hashlib
import json
import sys

import boto3
from botocore.config import Config

PART = 5 * 1024 * 1024  # the least size of all parts but the last one
PARTS = (b"a" * PART, b"the end")
SMALL = b"hello"


def fill(s3, bucket):
    """Make the bucket, put an object, and another one in parts."""
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="small", Body=SMALL)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
    words = {"Bucket": bucket, "Key": "large", "UploadId": upload}
    tags = [
        {"PartNumber": number, "ETag": s3.upload_part(**words, PartNumber=number, Body=part)["ETag"]}
        for number, part in enumerate(PARTS, 1)
    ]
    s3.complete_multipart_upload(**words, MultipartUpload={"Parts": tags})
    return read(s3, bucket)


def read(s3, bucket):
    """Names of the objects, and whether they are what was put."""
    wanted = {"small": SMALL, "large": b"".join(PARTS)}
    names = sorted(one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"])
    same = [_hash(s3.get_object(Bucket=bucket, Key=name)["Body"].read()) == _hash(wanted[name]) for name in names]
    return {"names": names, "same": all(same)}


def region(s3, bucket):
    """Where the bucket is, in the server's words."""
    return {"region": s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]}


def _hash(body):
    return hashlib.sha256(body).hexdigest()


def main():
    words = json.load(sys.stdin)
    s3 = boto3.client(
        "s3",
        endpoint_url=words["url"],
        aws_access_key_id=words["key"],
        aws_secret_access_key=words["secret"],
        region_name=words["region"],
        config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=30, s3={"addressing_style": "path"}),
    )
    json.dump({"fill": fill, "read": read, "region": region}[sys.argv[1]](s3, words["bucket"]), sys.stdout)


main()
