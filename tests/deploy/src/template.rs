//! The templates as CloudFormation gets them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, OnceLock};
use std::{env, fs};

use serde_json::{Map, Value};

/// Where the transform says that the local files went.
const PACKAGED: &str = "/packaged/";
const TRANSFORM: &str = "xtask/src/deploy/transform.py";
static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// A template: JSON, with the short forms of functions written out and without a transform.
pub struct Template {
    /// Its path in the repository.
    pub path: String,
    /// What stands in it.
    pub body: Value,
    /// Its size in bytes, as JSON.
    pub size: usize,
}

impl Template {
    /// A template of this text.
    pub fn new(path: impl Into<String>, json: &str) -> Self {
        let body: Value = serde_json::from_str(json).expect("a template in JSON");
        let size = body.to_string().len();
        Self { path: path.into(), body, size }
    }

    /// A section such as `Resources`; an empty one where the template has none.
    pub fn section(&self, name: &str) -> &Map<String, Value> {
        self.body.get(name).and_then(Value::as_object).unwrap_or(&NOTHING)
    }
}

/// The root template of each environment, and the nested ones.
pub struct Templates {
    roots: BTreeMap<String, Template>,
    nested: BTreeMap<String, Template>,
}

impl Templates {
    /// The repository's.
    pub fn get() -> &'static Self {
        static TEMPLATES: OnceLock<Templates> = OnceLock::new();
        TEMPLATES.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a folder");
            transform(folder.path());
            Self::read(folder.path())
        })
    }

    /// Templates of a test's own: the root for `environment`, and the nested ones by path.
    pub fn new(environment: &str, root: &str, nested: &[(&str, &str)]) -> Self {
        let nested = nested.iter().map(|(path, json)| ((*path).to_owned(), Template::new(*path, json)));
        let root = Template::new("template.yaml", root);
        Self { roots: BTreeMap::from([(environment.to_owned(), root)]), nested: nested.collect() }
    }

    fn read(folder: &Path) -> Self {
        let (mut roots, mut nested) = (BTreeMap::new(), BTreeMap::new());
        for entry in fs::read_dir(folder).expect("what the transform wrote") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            if name == "infra" {
                for file in fs::read_dir(entry.path()).expect("a folder") {
                    let file = file.expect("an entry").path();
                    let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("a name");
                    let path = format!("infra/{stem}.yaml");
                    nested.insert(path.clone(), Template::new(path, &text(&file)));
                }
            } else {
                roots.insert(name, Template::new("template.yaml", &text(&entry.path().join("template.json"))));
            }
        }
        Self { roots, nested }
    }

    /// The root template with the parameters of an environment.
    pub fn root(&self, environment: &str) -> &Template {
        self.roots.get(environment).unwrap_or_else(|| panic!("samconfig.toml deploys no {environment}"))
    }

    /// The environments that samconfig.toml deploys.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        self.roots.keys().map(String::as_str)
    }

    /// The nested templates.
    pub fn nested(&self) -> impl Iterator<Item = &Template> {
        self.nested.values()
    }

    /// The nested template that a `TemplateURL` names.
    pub fn at(&self, url: &str) -> Option<&Template> {
        let (_, path) = url.split_once(PACKAGED)?;
        self.nested.get(path)
    }
}

/// The repository.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("the crate is in tests/ of the repository").to_owned()
}

/// A file of the repository.
pub fn source(relative: &str) -> String {
    text(&root().join(relative))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs the SAM transform, which comes with sam; another version of it would be another result.
fn transform(folder: &Path) {
    let program = env::current_exe().expect("a running program has a path");
    let target = program.ancestors().nth(3).expect("a test is in target/<profile>/deps");
    let python = target.join("tools/venv/bin/python");
    assert!(python.exists(), "{} is missing: run `cargo xtask setup`", python.display());
    let output = Command::new(python).arg(root().join(TRANSFORM)).arg(root()).arg(folder).output().expect("Python");
    assert!(output.status.success(), "the transform: {}", String::from_utf8_lossy(&output.stderr));
}
