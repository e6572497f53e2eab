"""Makes in moto what in AWS the template makes: the keys, the bucket of files, and the sender of mail."""

import os

import boto3

REGION = os.environ["AWS_REGION"]


def key(alias: str) -> None:
    kms = boto3.client("kms", region_name=REGION)
    if alias not in {entry["AliasName"] for entry in kms.list_aliases()["Aliases"]}:
        kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def bucket(name: str) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    if name not in {entry["Name"] for entry in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=name)


def sender(address: str) -> None:
    ses = boto3.client("sesv2", region_name=REGION)
    known = ses.list_email_identities()["EmailIdentities"]
    if address not in {entry["IdentityName"] for entry in known}:
        ses.create_email_identity(EmailIdentity=address)


key("alias/ward")
key("alias/ward-files")
bucket("ward-files")
sender("ward@example.org")
