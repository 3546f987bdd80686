//! A server whose certificate nobody vouches for is told nothing.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use remote_auth::{Client, Environment};
use remote_auth_tests::plant;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rustls::crypto::ring::{default_provider, sign::any_ecdsa_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection};

/// A certificate for 127.0.0.1 that was signed by its own key, in Base64.
///
/// Its key is not kept: a client judges who signed a certificate before it looks at the handshake's signature.
const SELF_SIGNED: &str = concat!(
    "MIIBqjCCAU+gAwIBAgIUG1t505w1z1OmdHpjIvbjhqYMNxUwCgYIKoZIzj0EAwIw",
    "IjEgMB4GA1UEAwwXbm9ib2R5IHZvdWNoZXMgZm9yIHRoaXMwIBcNMjYxMTIyMDYw",
    "NjQ2WhgPMjEyNjEwMjkwNjA2NDZaMCIxIDAeBgNVBAMMF25vYm9keSB2b3VjaGVz",
    "IGZvciB0aGlzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2hwdaJ6/Ia/OYWsh",
    "dPZObI1DBkyvu43KIYEvwVliQ41q1/ATW6QOC8XyJX6Ud599zvJ15g1HLHoKvk6L",
    "fPN74aNhMF8wHQYDVR0OBBYEFBexsAhSePXj/8kuokNnfkjkD2R7MB8GA1UdIwQY",
    "MBaAFBexsAhSePXj/8kuokNnfkjkD2R7MAwGA1UdEwEB/wQCMAAwDwYDVR0RBAgw",
    "BocEfwAAATAKBggqhkjOPQQDAgNJADBGAiEAmWCAGZe7j+mMJ82aTyPh0PYKPiLR",
    "/+FeJXP+QNzrO5wCIQCnyYzLyYTXPoxn7t/Y1gbxf5WI1ZUg/7WNVn6Y0NH7jw==",
);

fn certificate() -> Arc<dyn ResolvesServerCert> {
    let certificate = STANDARD.decode(SELF_SIGNED).expect("it is Base64");
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
    let key = key.expect("a key").as_ref().to_vec();
    let key = any_ecdsa_type(&PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)));
    let chain = vec![CertificateDer::from(certificate)];
    Arc::new(SingleCertAndKey::from(CertifiedKey::new(
        chain,
        key.expect("a signing key"),
    )))
}

/// Shakes hands with whoever connects first, and returns how that ended.
fn shake_hands(listener: &TcpListener) -> Result<(), String> {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_cert_resolver(certificate());
    let mut connection = ServerConnection::new(Arc::new(config)).expect("a connection");
    let (mut stream, _): (TcpStream, _) = listener.accept().expect("a client");
    while connection.is_handshaking() {
        let ended = connection.complete_io(&mut stream);
        ended.map_err(|error| error.to_string())?;
    }
    Ok(())
}

// Requirement: rfc6749.10.9.certificate, rfc6750.5.2.tls-verified
#[tokio::test]
async fn nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::task::spawn_blocking(move || shake_hands(&listener));
    let environment = Environment::custom(&format!("https://{address}")).expect("a gateway");
    let client = Client::builder(environment)
        .credentials(plant::CLIENT_ID, plant::CLIENT_SECRET)
        .build()
        .expect("a client");
    let error = client.client_credentials().token().await;
    let error = error.expect_err("nobody vouches for the server");
    assert_eq!(error.code(), "unreachable.certificate", "{error:?}");
    // Without a handshake there is no key under which anything could have been sent.
    let ended = server.await.expect("it does not panic");
    let alert = ended.expect_err("the client broke the handshake off");
    assert_eq!(alert, "received fatal alert: UnknownCA");
}
