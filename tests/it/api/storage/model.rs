//! The store beside a model of it: whatever comes in whatever order, both say the same.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{rows, send};

const KEYS: [&str; 4] = ["a", "b", "c", "../d"];
const STEPS: u64 = 400;

/// A key as the model has it: what there is, and what was there, the newest last.
#[derive(Default)]
struct Slot {
    live: Option<(i64, u64)>,
    former: Vec<(i64, u64)>,
}

impl Slot {
    fn put(&mut self, version: i64, value: u64) {
        self.delete();
        self.live = Some((version, value));
    }

    fn delete(&mut self) -> bool {
        let was = self.live.take();
        self.former.extend(was);
        was.is_some()
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::None => true,
            Condition::Is(version) => self.live.is_some_and(|(live, _)| live == *version),
            Condition::Any => self.live.is_some(),
            Condition::Absent => self.live.is_none(),
        }
    }
}

enum Condition {
    None,
    Is(i64),
    Any,
    Absent,
}

impl Condition {
    fn header(&self) -> (&'static str, String) {
        match self {
            // A header that means nothing here.
            Self::None => ("accept", "*/*".into()),
            Self::Is(version) => ("if-match", format!("\"{version}\"")),
            Self::Any => ("if-match", "*".into()),
            Self::Absent => ("if-none-match", "*".into()),
        }
    }
}

/// Numbers that look random and are the same in each run: xorshift64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn condition(&mut self, slot: &Slot) -> Condition {
        match self.roll(6) {
            0 => Condition::Any,
            1 => Condition::Absent,
            2 => Condition::Is(1 + i64::try_from(self.roll(20)).unwrap()),
            3 => slot.live.map_or(Condition::Absent, |(version, _)| Condition::Is(version)),
            _ => Condition::None,
        }
    }
}

#[tokio::test]
async fn a_long_walk_of_all_changes_ends_where_the_model_does() {
    let app = TestApp::with(&[("WARD_LIMIT_USER", "100000")]).await;
    let mut ada = app.signed_in("ada").await;
    let mut model: BTreeMap<&str, Slot> = KEYS.iter().map(|key| (*key, Slot::default())).collect();
    let (mut dice, mut last) = (Dice(0x5eed), 0);
    for step in 0..STEPS {
        let key = KEYS[dice.roll(KEYS.len())];
        let slot = model.get_mut(key).unwrap();
        let condition = dice.condition(slot);
        let (name, value) = condition.header();
        let header = (name, value.as_str());
        match dice.roll(12) {
            0..=5 => {
                let body = Some(json!({"key": key, "value": step}));
                let answer = send(&mut ada, Method::POST, "/api/storage/set", header, body).await;
                assert_eq!(answer.status.is_success(), slot.holds(&condition), "step {step}: {}", answer.text());
                if answer.status == 200 {
                    let version = answer.json()["version"].as_i64().unwrap();
                    assert!(version > last, "step {step}: {version} after {last}");
                    last = version;
                    slot.put(version, step);
                }
            }
            6 | 7 => {
                let path = format!("/api/storage/delete?key={key}");
                let answer = send(&mut ada, Method::DELETE, &path, header, None).await;
                let expected = match (slot.holds(&condition), slot.live) {
                    (false, _) => 412,
                    (true, None) => 404,
                    (true, Some(_)) => 204,
                };
                assert_eq!(answer.status, expected, "step {step}");
                if expected == 204 {
                    slot.delete();
                }
            }
            8 | 9 => {
                let at = dice.roll(slot.former.len() + 1);
                let former = slot.former.get(at).copied();
                let body = Some(json!({"key": key, "version": former.map_or(100_000, |(version, _)| version)}));
                let answer = send(&mut ada, Method::POST, "/api/storage/versions/restore", header, body).await;
                let expected = match (former, slot.holds(&condition)) {
                    (None, _) => 404,
                    (Some(_), false) => 412,
                    (Some(_), true) => 200,
                };
                assert_eq!(answer.status, expected, "step {step}: {}", answer.text());
                if let (200, Some((_, value))) = (expected, former) {
                    last = answer.json()["version"].as_i64().unwrap();
                    slot.put(last, value);
                }
            }
            10 => {
                let there = slot.former.len();
                let answer = ada.post("/api/storage/versions/forget", json!({"key": key})).await;
                assert_eq!(answer.json()["forgotten"], there, "step {step}");
                slot.former.clear();
            }
            _ => {
                let cleared = model.values_mut().map(Slot::delete).filter(|was| *was).count();
                let answer = ada.post("/api/storage/clear", Value::Null).await;
                assert_eq!(answer.json(), json!({"deleted": cleared}), "step {step}");
            }
        }
        agree(&mut ada, key, &model[key], step).await;
    }
    let live = model.values().filter(|slot| slot.live.is_some()).count();
    let former: usize = model.values().map(|slot| slot.former.len()).sum();
    let (there, deleted, versions) = rows(&app).await;
    assert_eq!((there, deleted + versions), (i64::try_from(live).unwrap(), i64::try_from(former).unwrap()));
}

/// The value under a key and all its former versions are those of the model.
async fn agree(ada: &mut Browser, key: &str, slot: &Slot, step: u64) {
    let got = ada.get(&format!("/api/storage/get?key={key}")).await;
    match slot.live {
        Some((version, value)) => {
            assert_eq!((&got.json()["version"], &got.json()["value"]), (&json!(version), &json!(value)), "step {step}");
        }
        None => assert_eq!(got.status, 404, "step {step}"),
    }
    let listed = ada.post("/api/storage/versions/search", json!({"key": key})).await.json();
    let listed: Vec<_> =
        listed["versions"].as_array().unwrap().iter().map(|one| one["version"].as_i64().unwrap()).collect();
    let expected: Vec<_> = slot.former.iter().rev().map(|(version, _)| *version).collect();
    assert_eq!(listed, expected, "step {step}");
    if let Some((version, value)) = slot.former.first() {
        let old = ada.get(&format!("/api/storage/get?key={key}&version={version}")).await.json();
        assert_eq!(old["value"], *value, "step {step}");
    }
}
