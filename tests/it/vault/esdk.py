"""Messages of the AWS Encryption SDK with the data key of each, one JSON object a line."""

import base64
import json
import os
import sys

import aws_encryption_sdk
from aws_encryption_sdk.identifiers import (
    Algorithm,
    CommitmentPolicy,
    EncryptionKeyType,
    WrappingAlgorithm,
)
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider
from aws_encryption_sdk.materials_managers.base import CryptoMaterialsManager
from aws_encryption_sdk.materials_managers.default import DefaultCryptoMaterialsManager


class Provider(RawMasterKeyProvider):
    provider_id = "ward"

    def _get_raw_key(self, key_id):
        return WrappingKey(
            WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING, os.urandom(32), EncryptionKeyType.SYMMETRIC
        )


class Telling(CryptoMaterialsManager):
    """Keeps the data key that a message is sealed under."""

    def __init__(self):
        provider = Provider()
        provider.add_master_key("key")
        self.inner = DefaultCryptoMaterialsManager(provider)

    def get_encryption_materials(self, request):
        materials = self.inner.get_encryption_materials(request)
        self.data_key = materials.data_encryption_key.data_key
        return materials

    def decrypt_materials(self, request):
        return self.inner.decrypt_materials(request)


client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
for length in map(int, sys.argv[1:]):
    manager, plaintext = Telling(), os.urandom(length)
    message, _ = client.encrypt(
        source=plaintext,
        materials_manager=manager,
        algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        encryption_context={"app": "ward", "length": str(length)},
        frame_length=1024,
    )
    fields = {"data_key": manager.data_key, "message": message, "plaintext": plaintext}
    print(json.dumps({name: base64.b64encode(value).decode() for name, value in fields.items()}))
