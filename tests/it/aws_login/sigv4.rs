//! The verifier itself, by AWS's own example.

use tests::sigv4::Arrived;

/// The example of "Authenticating Requests: Using Query Parameters" in the API reference of Amazon S3.
#[test]
fn the_verifier_takes_awss_own_example_and_nothing_near_it() {
    let url = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
        &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let example = Arrived::new("GET", url, []);
    assert!(example.verifies(secret));
    assert!(!example.verifies(&secret.to_lowercase()));
    assert!(!Arrived { method: "PUT".into(), ..example.clone() }.verifies(secret));
    for (of, to) in [("test.txt", "best.txt"), ("86400", "86401"), ("20130524T000000Z", "20130524T000001Z")] {
        assert!(!Arrived::new("GET", &url.replacen(of, to, 1), []).verifies(secret), "{to}");
    }
}
