//! The callback: whatever arrives, nothing is accepted without the state, once, at the redirection URI.
//!
//! The word `STATE` in the input stands for the state, which is another one each time.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use remote_auth::{Client, Environment};
use url::Url;

const REDIRECT_URI: &str = "https://client.example/callback?keep=1";

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder(Environment::Sandbox).credentials("fuzz", "fuzz-secret");
    client.build().expect("the credentials can be sent")
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let begun = CLIENT.authorization(REDIRECT_URI).begin();
    let (address, pending) = begun.expect("the redirection URI is good");
    let state = parameter(&address, "state")
        .pop()
        .expect("a request has a state");
    let callback = text.replace("STATE", &state);
    if pending.accept(&callback).is_ok() {
        let expected = Url::parse(REDIRECT_URI).expect("an address");
        let arrived = expected
            .join(&callback)
            .expect("what was accepted is an address");
        assert_eq!(arrived.origin(), expected.origin());
        assert_eq!(arrived.path(), expected.path());
        // Parameters may be added to those of the redirection URI, another one of the same name among them.
        assert!(parameter(&arrived, "keep").contains(&"1".to_owned()));
        assert_eq!(parameter(&arrived, "state"), [state]);
        assert_eq!(parameter(&arrived, "code").len(), 1);
        assert!(parameter(&arrived, "error").is_empty());
    }
});

fn parameter(address: &Url, name: &str) -> Vec<String> {
    let pairs = address.query_pairs().filter(|(sent, _)| sent == name);
    pairs.map(|(_, value)| value.into_owned()).collect()
}
