use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKUP_STATE: u8 = 0x10;
const ATTESTED_CREDENTIAL: u8 = 0x40;

/// A software authenticator with discoverable ES256 credentials, in the forms of WebAuthn Level 3. A test can make it
/// behave wrongly.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a test turns on or off")]
pub struct Authenticator {
    /// The origin the client data names.
    pub origin: String,
    /// The relying party it signs for.
    pub relying_party: String,
    /// Whether it claims to have verified the user.
    pub verifies_user: bool,
    /// Whether its signature is right.
    pub signs_right: bool,
    /// Whether it says whose credential it used.
    pub tells_user_handle: bool,
    /// Its signature counter, one for all credentials.
    pub counter: u32,
    /// Whether its credentials can be on several devices.
    pub backup_eligible: bool,
    /// Whether they are backed up now.
    pub backup_state: bool,
    /// What it holds, the oldest first.
    pub credentials: Vec<Credential>,
}

/// A credential.
#[derive(Clone)]
pub struct Credential {
    /// Its id, in base64url.
    pub id: String,
    /// Whose it is, in base64url.
    pub user_handle: Value,
    private_key: Vec<u8>,
}

impl Authenticator {
    pub(crate) fn new(origin: &str, relying_party: &str) -> Self {
        Self {
            origin: origin.into(),
            relying_party: relying_party.into(),
            verifies_user: true,
            signs_right: true,
            tells_user_handle: true,
            counter: 0,
            backup_eligible: false,
            backup_state: false,
            credentials: Vec::new(),
        }
    }

    /// `navigator.credentials.create()`, which has to succeed.
    pub fn create(&mut self, options: &Value) -> Value {
        self.try_create(options).expect("it holds none of the excluded credentials")
    }

    /// `navigator.credentials.create()`: a new credential, attestation `none`; nothing (`InvalidStateError`) where it
    /// holds one of `excludeCredentials`.
    pub fn try_create(&mut self, options: &Value) -> Option<Value> {
        if named(&options["excludeCredentials"]).iter().any(|id| self.credentials.iter().any(|held| held.id == *id)) {
            return None;
        }
        let random = SystemRandom::new();
        let mut id = vec![0; 32];
        random.fill(&mut id).unwrap();
        let private_key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let private_key = private_key.as_ref().to_vec();
        let data = self.attested(&id, &private_key);
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        attestation.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        attestation.extend(data);

        let client_data = self.client_data("webauthn.create", options);
        let id = URL_SAFE_NO_PAD.encode(id);
        let user_handle = options["user"]["id"].clone();
        self.credentials.push(Credential { id: id.clone(), user_handle, private_key });
        Some(json!({
            "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
                "transports": ["internal"],
            },
        }))
    }

    /// `navigator.credentials.get()`, which has to succeed.
    pub fn get(&self, options: &Value) -> Value {
        self.try_get(options).expect("it holds one of the allowed credentials")
    }

    /// `navigator.credentials.get()`: an assertion with the newest credential of those in `allowCredentials`, or of all
    /// where none are named; nothing (`NotAllowedError`) where it holds none.
    pub fn try_get(&self, options: &Value) -> Option<Value> {
        let allowed = named(&options["allowCredentials"]);
        let fits = |held: &&Credential| allowed.is_empty() || allowed.contains(&held.id);
        let credential = self.credentials.iter().rfind(fits)?.clone();
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
        let mut response = json!({
            "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
            "authenticatorData": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
        });
        if self.tells_user_handle {
            response["userHandle"] = credential.user_handle;
        }
        Some(json!({
            "id": credential.id, "rawId": credential.id, "type": "public-key", "clientExtensionResults": {},
            "authenticatorAttachment": "platform", "response": response,
        }))
    }

    /// Authenticator data with a new credential in it.
    fn attested(&self, id: &[u8], private_key: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, private_key, &random).unwrap();
        let point = pair.public_key().as_ref();
        // COSE_Key: EC2, ES256, P-256, x, y.
        let cose = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], &point[1..33], &[0x22, 0x58, 32], &point[33..]];
        let mut data = self.authenticator_data(ATTESTED_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(id);
        data.extend(cose.concat());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    fn authenticator_data(&self, mut flags: u8) -> Vec<u8> {
        flags |= USER_PRESENT;
        for (set, flag) in [
            (self.verifies_user, USER_VERIFIED),
            (self.backup_eligible, BACKUP_ELIGIBLE),
            (self.backup_state, BACKUP_STATE),
        ] {
            flags |= if set { flag } else { 0 };
        }
        let mut data = digest(&SHA256, self.relying_party.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }
}

/// The ids of a list of credential descriptors.
fn named(descriptors: &Value) -> Vec<String> {
    let descriptors = descriptors.as_array().map(Vec::as_slice).unwrap_or_default();
    descriptors.iter().map(|descriptor| descriptor["id"].as_str().expect("an id").to_owned()).collect()
}
