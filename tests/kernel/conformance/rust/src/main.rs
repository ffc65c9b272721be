//! Two questions to the kernel, asked with the client library that frontends written in Rust are built on:
//!
//! ```text
//! thaw-conformance read FILE...         reads messages that the kernel has sent, one a line, and reports those refused
//! thaw-conformance check PROGRAM ARG... starts a kernel (`{connection_file}` is replaced) and runs the 27 checks of it
//! ```

mod checks;
mod read;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let question = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let passed = match (question.as_str(), rest.is_empty()) {
        ("read", false) => read::read(&rest),
        ("check", false) => checks::check(&rest).await,
        _ => {
            eprintln!("usage: thaw-conformance read FILE... | check PROGRAM ARG...");
            return ExitCode::from(2);
        }
    };
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
