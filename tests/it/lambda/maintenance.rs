//! The maintenance function, as its schedule invokes it.

use serde_json::{Value, json};
use tests::TestApp;

use super::emulator::Outcome;
use super::function::Function;
use crate::maintenance;

#[tokio::test]
async fn maintenance_does_what_is_due_and_says_what() {
    let app = TestApp::new().await;
    maintenance::due(&app, "ada").await;
    let settings: Vec<(&str, &str)> = app.settings().iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut function = Function::start("maintenance", &settings).await;
    let mut run = async || match function.invoke(&json!({"source": "aws.scheduler"})).await {
        Outcome::Buffered(body) => serde_json::from_slice::<Value>(&body).expect("a report"),
        other => panic!("{other:?}"),
    };
    let first = run().await;
    assert_eq!((&first["accounts_erased"], &first["objects_deleted"]), (&json!(1), &json!(1)), "{first}");
    let second = run().await;
    assert_eq!((&second["accounts_erased"], &second["failed"]), (&json!(0), &json!(0)), "{second}");
}
