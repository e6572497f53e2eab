use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED_CREDENTIAL: u8 = 0x40;

/// A software authenticator with one discoverable ES256 credential, in the forms of WebAuthn Level 3. A test can make it
/// behave wrongly.
#[derive(Clone)]
pub struct Authenticator {
    /// The origin the client data names.
    pub origin: String,
    /// The relying party it signs for.
    pub relying_party: String,
    /// Whether it claims to have verified the user.
    pub verifies_user: bool,
    /// Whether its signature is right.
    pub signs_right: bool,
    /// Its signature counter.
    pub counter: u32,
    credential: Option<Credential>,
}

#[derive(Clone)]
struct Credential {
    id: Vec<u8>,
    user_handle: Value,
    private_key: Vec<u8>,
}

impl Authenticator {
    pub(crate) fn new(origin: &str, relying_party: &str) -> Self {
        Self {
            origin: origin.into(),
            relying_party: relying_party.into(),
            verifies_user: true,
            signs_right: true,
            counter: 0,
            credential: None,
        }
    }

    /// `navigator.credentials.create()`: a new credential, attestation `none`.
    pub fn create(&mut self, options: &Value) -> Value {
        let random = SystemRandom::new();
        let mut id = vec![0; 32];
        random.fill(&mut id).unwrap();
        let private_key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let private_key = private_key.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &private_key, &random).unwrap();
        let point = pair.public_key().as_ref();
        // COSE_Key: EC2, ES256, P-256, x, y.
        let cose = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], &point[1..33], &[0x22, 0x58, 32], &point[33..]];

        let mut data = self.authenticator_data(ATTESTED_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(&id);
        data.extend(cose.concat());
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);

        let client_data = self.client_data("webauthn.create", options);
        let encoded_id = URL_SAFE_NO_PAD.encode(&id);
        self.credential = Some(Credential { id, user_handle: options["user"]["id"].clone(), private_key });
        json!({
            "id": encoded_id, "rawId": encoded_id, "type": "public-key", "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
                "transports": ["internal"],
            },
        })
    }

    /// `navigator.credentials.get()`: an assertion with the credential it holds.
    pub fn get(&mut self, options: &Value) -> Value {
        let credential = self.credential.clone().expect("a credential was created");
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(0);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, client_data.as_bytes()).as_ref());
        if !self.signs_right {
            signed.push(0);
        }
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &credential.private_key, &random).unwrap();
        let signature = pair.sign(&random, &signed).unwrap();
        let encoded_id = URL_SAFE_NO_PAD.encode(&credential.id);
        json!({
            "id": encoded_id, "rawId": encoded_id, "type": "public-key", "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
                "userHandle": credential.user_handle,
            },
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    fn authenticator_data(&mut self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies_user { USER_VERIFIED } else { 0 };
        let mut data = digest(&SHA256, self.relying_party.as_bytes()).as_ref().to_vec();
        data.push(flags | USER_PRESENT | verified);
        data.extend(self.counter.to_be_bytes());
        data
    }
}
