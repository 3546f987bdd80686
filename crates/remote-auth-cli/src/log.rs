//! Where log lines go: to standard error, and only if asked for.

use tracing_subscriber::EnvFilter;

use crate::env;
use crate::render::{self, Paint};

/// What each number of `-v` shows.
const LEVELS: [&str; 2] = ["warn,remote_auth=debug,remote_oauth_client=debug", "trace"];

/// Starts logging, by `RUST_LOG` where that is set and by the number of `-v` otherwise.
///
/// Without either nothing is set up: reading a filter takes a noticeable part of a short run.
pub(crate) fn start(verbose: u8, paint: Paint) {
    let by_flag = LEVELS[..LEVELS.len().min(verbose.into())].last().copied();
    let asked = env::text(&env::RUST_LOG).and_then(|directives| {
        let filter = EnvFilter::try_new(directives);
        if filter.is_err() {
            render::tell("warning: RUST_LOG is not a filter that can be read; -v decides");
        }
        filter.ok()
    });
    let Some(filter) = asked.or_else(|| by_flag.map(EnvFilter::new)) else {
        return;
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(paint.is_on())
        .with_writer(std::io::stderr)
        .finish();
    // Fails only where the process logs already, which is then somebody else's decision.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
