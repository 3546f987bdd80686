//! A process that wants one company's token: what it is told comes as JSON on standard input.

#![expect(clippy::print_stdout, reason = "the process tells what it got")]

use std::io::Read as _;
use std::path::Path;

use remote_auth::companies::CompanyTokens;
use remote_auth::{Client, Environment};
use remote_auth_tests::files::FileStore;
use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut told = String::new();
    std::io::stdin().read_to_string(&mut told)?;
    let told: Value = serde_json::from_str(&told)?;
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let environment = Environment::custom(text("gateway"))?;
        let client =
            Client::builder(environment).credentials(text("client_id"), text("client_secret"));
        let client = client.build()?;
        let die_at = told["die_at"].as_u64().unwrap_or_default();
        let store = FileStore::new(Path::new(text("folder")), usize::try_from(die_at)?);
        let companies = CompanyTokens::builder(&client).store(store.clone()).build();
        let source = companies.source(text("company"));
        let token = source.token().await?;
        store.step();
        if told["again"] == true {
            source.invalidate(&token);
            source.token().await?;
        }
        println!("served");
        Ok(())
    })
}
