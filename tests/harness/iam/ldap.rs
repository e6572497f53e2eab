//! What stands behind PostgreSQL's `ldap` method: a server that takes a simple bind (RFC 4511, section 4.2) where the password
//! is a token for that user. It is how a stock PostgreSQL asks somebody else about a password, as RDS asks IAM.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::{Wanted, admits};

/// What the server's `pg_hba.conf` puts before the user's name.
pub(super) const PREFIX: &str = "user=";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const TEXT: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const SIMPLE: u8 = 0x80;

const SUCCESS: u8 = 0;
const INVALID_CREDENTIALS: u8 = 49;

/// Serves as long as the process; gives its port. Tokens are for one of these places.
pub(super) fn start(places: Vec<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let places = places.clone();
            std::thread::spawn(move || serve(stream, &places));
        }
    });
    port
}

fn serve(mut stream: TcpStream, places: &[String]) -> Option<()> {
    loop {
        let message = read(&mut stream)?;
        let mut message = Elements(&message);
        let id = message.next(INTEGER)?.to_vec();
        // What is no bind is the end of the conversation.
        let mut bind = Elements(message.next(BIND_REQUEST)?);
        let _version = bind.next(INTEGER)?;
        let name = std::str::from_utf8(bind.next(TEXT)?).ok()?;
        let token = std::str::from_utf8(bind.next(SIMPLE)?).ok()?;
        let user = ("DBUser", name.strip_prefix(PREFIX)?);
        let admitted = admits(token, &Wanted { service: "rds-db", places, user });
        let code = if admitted { SUCCESS } else { INVALID_CREDENTIALS };
        let result = [element(ENUMERATED, &[code]), element(TEXT, b""), element(TEXT, b"")].concat();
        let answer = [element(INTEGER, &id), element(BIND_RESPONSE, &result)].concat();
        stream.write_all(&element(SEQUENCE, &answer)).ok()?;
    }
}

/// The content of the next message.
fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).ok()?;
    let mut length = usize::from(head[1]);
    if length >= 0x80 {
        let mut long = vec![0; length - 0x80];
        stream.read_exact(&mut long).ok()?;
        length = long.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).ok()?;
    (head[0] == SEQUENCE).then_some(content)
}

/// The elements of a message in the Basic Encoding Rules, one after the other.
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The content of the next one, if it is of this kind.
    fn next(&mut self, kind: u8) -> Option<&'a [u8]> {
        let [tag, first, rest @ ..] = self.0 else { return None };
        let (digits, rest) = rest.split_at_checked(usize::from(first.saturating_sub(0x80)))?;
        let short = usize::from(*first);
        let length =
            if *first < 0x80 { short } else { digits.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)) };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (*tag == kind).then_some(content)
    }
}

/// An element of less than 128 bytes.
fn element(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("a short element");
    assert!(length < 0x80, "a short element");
    [&[kind, length], content].concat()
}
