//! `cargo xtask`: the repository's chores. `cargo xtask --help` lists them.

mod bench;
mod build;
mod deploy;
mod fuzz;
mod lint;
mod openapi;
mod run;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The repository's chores.
///
/// A fresh clone needs Rust, a C compiler, Python 3, Node with npm, and either root or
/// passwordless sudo on Debian or Ubuntu. `cargo xtask test` brings everything else.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_long_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask test               everything, as the gate runs it
  cargo xtask test storage       the tests whose name holds `storage`
  cargo xtask test deploy        one of the checks that aren't Rust: web, browser, deploy
  cargo xtask deploy-check       the checks of template.yaml and infra/ alone
  cargo test -p shared envelope  one crate's tests, no setup, for the quick loop
  cargo xtask lint               before you push
  cargo xtask build              the functions and the page, as they are deployed
  cargo xtask build migrate --debug
                                 one function without optimising: does it link for arm64?";

#[derive(Subcommand)]
enum Chore {
    /// Installs what the tests need and says so, a line for each part
    ///
    /// PostgreSQL 14 to 18, redis-server and Chromium come from apt, for which it uses root or
    /// `sudo -n`; their services stay off, since every test starts private servers. The Python
    /// tools of xtask/requirements.txt go to target/tools/venv and checkov to target/tools/checkov,
    /// the npm packages to tests/browser, tests/guard, tests/node and web. A second run finds all of it and takes no time.
    Setup,
    /// Runs every test there is, after `setup`
    ///
    /// Builds the workspace, runs its tests (units, `it`, documentation), checks and builds the
    /// page in web/, walks it in headless Chromium against `ward dev`, and makes all checks of
    /// `deploy-check`. Screenshots are left in target/screenshots. A missing tool is a failure,
    /// never a skip. The last line is `N passed, N failed`.
    Test {
        /// Only the tests and checks whose name holds this text
        filter: Option<String>,
    },
    /// Judges template.yaml and infra/ as they would be deployed, without AWS
    ///
    /// Transforms template.yaml as CloudFormation does, runs sam validate, cfn-lint and checkov on
    /// the result and on infra/, then the tests of tests/deploy, which evaluate the stacks of each
    /// environment in samconfig.toml. What a check finds and stays so stands in
    /// infra/exceptions.toml with its reason; an exception that nothing needs is a failure, and so
    /// is another number of checks that passed than stands there.
    DeployCheck {
        /// Writes how many checks passed into infra/exceptions.toml instead: read the difference
        #[arg(long)]
        write_counts: bool,
    },
    /// Looks for everything that is wrong without running it
    ///
    /// rustfmt and clippy with warnings denied, of fuzz/ as well, documentation without warnings,
    /// unused dependencies (cargo-machete, built once into target/tools), and the types of web/.
    Lint,
    /// Builds the functions of template.yaml for Lambda, and the page
    ///
    /// cargo-lambda compiles them for arm64 in release, with zig's linker, into
    /// target/lambda/NAME/bootstrap, and packs each into bootstrap.zip beside it; npm builds the page
    /// into web/dist, for the API that `WARD_API_URL` names where it is set. What is missing of that is
    /// installed: the Python tools, the npm packages, the compiler's target. A table shows the sizes;
    /// a function over Lambda's 250 MB fails. `sam build` does the same for a deployment, so this is
    /// for a look at what would be deployed. The release build takes several minutes.
    Build {
        /// Only these functions, and no page
        functions: Vec<String>,
        /// Without optimising, and sooner: for a look whether it links
        #[arg(long)]
        debug: bool,
    },
    /// Builds for release, measures, and writes benches/RESULTS.md
    ///
    /// Every figure stands beside the floor it is compared with, taken in the same run. The
    /// release build is slow (several minutes): it is the one that is deployed.
    Bench,
    /// Looks for inputs that make a parser panic, with libFuzzer
    ///
    /// Runs each target of fuzz/targets for a while. It needs a C++ compiler; the first build is
    /// slow (several minutes). A crash's input is left in target/fuzz/crashes; what covers new
    /// code is kept in target/fuzz/corpus.
    Fuzz {
        /// Only the targets whose name holds this text
        filter: Option<String>,
        /// For how long each runs
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Writes openapi/ward.json from the code
    Openapi,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Setup => setup::all(),
        Chore::Test { filter } => test::all(filter.as_deref()),
        Chore::DeployCheck { write_counts } => deploy::all(write_counts),
        Chore::Lint => lint::all(),
        Chore::Build { functions, debug } => build::all(&build::Options { functions, debug }),
        Chore::Bench => bench::all(),
        Chore::Fuzz { filter, seconds } => fuzz::all(filter.as_deref(), seconds),
        Chore::Openapi => openapi::write(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_told() {
                eprintln!("xtask: {failure}");
            }
            ExitCode::FAILURE
        }
    }
}
