//! Refresh tokens under the vault's key.

use auth::tokens::RefreshToken;
use tests::TestApp;

#[tokio::test]
async fn a_refresh_token_is_the_same_each_time_and_nobody_elses() {
    let (app, other) = (TestApp::new().await, TestApp::new().await);
    let session = app.platform.new_id().unwrap();
    let token = RefreshToken::mint(&app.platform, session, 7).await.unwrap().reveal();
    assert_eq!(RefreshToken::mint(&app.platform, session, 7).await.unwrap().reveal(), token);

    let read = RefreshToken::parse(&token).unwrap();
    assert_eq!((read.session_id(), read.counter()), (session, 7));
    assert!(read.check(&app.platform).await.unwrap());
    assert!(!read.check(&other.platform).await.unwrap(), "another vault has another key");

    // Parts of two good tokens make no third.
    let next = RefreshToken::mint(&app.platform, session, 8).await.unwrap().reveal();
    assert_ne!(next, token);
    let stranger = RefreshToken::mint(&app.platform, app.platform.new_id().unwrap(), 7).await.unwrap().reveal();
    for mixed in [format!("{}{}", &token[..36], &next[36..]), format!("{}{}", &stranger[..36], &token[36..])] {
        let read = RefreshToken::parse(&mixed).unwrap();
        assert!(!read.check(&app.platform).await.unwrap(), "{mixed}");
    }
}
