//! The one HTTP client: TLS by one explicit provider, no redirects, no plain text except to loopback.
//!
//! Nothing here is a process-wide default, and nothing is loaded before it is needed: the platform's trust roots
//! are read when the first server certificate has to be judged.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::DigitallySignedStruct;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use url::{Host, Url};

/// Bounds in time on one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until a connection stands, TLS included. Default 10 s.
    pub connect: Duration,
    /// Until the last byte of the answer is read, counted from the start. Default 30 s.
    pub total: Duration,
}

impl Timeouts {
    /// Bounds the whole exchange, and the connection with it.
    pub fn within(total: Duration) -> Self {
        let default = Self::default();
        Self {
            connect: default.connect.min(total),
            total,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
        }
    }
}

/// Tells why no HTTP client can be made for a base address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportError {
    /// The address is neither `https` nor `http` to loopback: credentials would travel in clear.
    NotSecure,
    /// The address carries a user name, a query or a fragment, or has no host.
    NotABase,
    /// The TLS or HTTP library refused its configuration.
    Unavailable,
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSecure => "use this address: it must be https, or http to a loopback address such as 127.0.0.1",
            Self::NotABase => "use this address: it must have a host and no user name, query or fragment",
            Self::Unavailable => "set up HTTP and TLS on this machine",
        })
    }
}

impl std::error::Error for TransportError {}

/// Judges whether credentials may be sent to an address.
///
/// Accepts `https`, and `http` where the host is a loopback address or `localhost`.
///
/// # Errors
///
/// [`TransportError::NotSecure`] and [`TransportError::NotABase`].
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-3.2>, <https://www.rfc-editor.org/rfc/rfc6749#section-10.8>
pub fn require_secure(base: &Url) -> Result<(), TransportError> {
    // Requirement: rfc6749.3.1.endpoint-no-fragment
    let carries_more = !base.username().is_empty()
        || base.password().is_some()
        || base.query().is_some()
        || base.fragment().is_some();
    match (base.scheme(), base.host()) {
        (_, None) => Err(TransportError::NotABase),
        _ if carries_more => Err(TransportError::NotABase),
        ("https", Some(_)) => Ok(()),
        ("http", Some(host)) if is_loopback(&host) => Ok(()),
        _ => Err(TransportError::NotSecure),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// Builds the HTTP client for one base address.
///
/// It follows no redirect, never repeats a request, sends no referrer, and asks for no compression, so that a
/// body's size is what the limit counts.
/// `localhost` is pinned to the loopback addresses, whatever a resolver says, and a plain-text address is never
/// reached through a proxy.
///
/// # Errors
///
/// [`TransportError`], by [`require_secure`] or because TLS cannot be set up.
pub fn http_client(base: &Url, timeouts: &Timeouts) -> Result<reqwest::Client, TransportError> {
    // Requirement: rfc6749.10.8.not-in-clear
    require_secure(base)?;
    let loopback = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ]
    .map(|ip| SocketAddr::new(ip, 0));
    // Requirement: rfc6750.5.3.no-cookies
    let builder = reqwest::Client::builder()
        // Requirement: rfc9700.2.6.end-to-end-tls
        .tls_backend_preconfigured(tls_config()?)
        // Requirement: rfc9700.4.9.no-redirects
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(concat!("remote-auth/", env!("CARGO_PKG_VERSION")))
        .resolve_to_addrs("localhost", &loopback)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total);
    let builder = if base.scheme() == "http" {
        builder.no_proxy()
    } else {
        builder
    };
    builder.build().map_err(|_| TransportError::Unavailable)
}

fn tls_config() -> Result<rustls::ClientConfig, TransportError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(PlatformRoots {
        provider: Arc::clone(&provider),
        verifier: OnceLock::new(),
    });
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TransportError::Unavailable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// The platform's own verifier, made when the first certificate arrives.
///
/// `dangerous()` above is rustls's word for any verifier that is not its own; this one hands every question to
/// `rustls-platform-verifier` and answers none itself.
struct PlatformRoots {
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Verifier, rustls::Error>>,
}

impl PlatformRoots {
    fn verifier(&self) -> Result<&Verifier, rustls::Error> {
        self.verifier
            .get_or_init(|| Verifier::new(Arc::clone(&self.provider)))
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl fmt::Debug for PlatformRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformRoots")
            .field("loaded", &self.verifier.get().is_some())
            .finish_non_exhaustive()
    }
}

impl ServerCertVerifier for PlatformRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // Requirement: rfc6749.10.9.certificate, rfc6750.5.2.tls-verified
        self.verifier()?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: rfc6749.10.8.not-in-clear, rfc6749.3.1.endpoint-no-fragment
    // Requirement: rfc9700.2.6.end-to-end-tls
    #[test]
    fn only_https_and_loopback_are_secure() {
        let cases = [
            ("https://gateway.remote.com", Ok(())),
            ("http://127.0.0.1:4000", Ok(())),
            ("http://127.8.9.1", Ok(())),
            ("http://[::1]:4000", Ok(())),
            ("http://localhost:4000/api", Ok(())),
            ("http://gateway.remote.com", Err(TransportError::NotSecure)),
            (
                "http://127.0.0.1.evil.example",
                Err(TransportError::NotSecure),
            ),
            (
                "http://localhost.evil.example",
                Err(TransportError::NotSecure),
            ),
            ("http://0.0.0.0", Err(TransportError::NotSecure)),
            ("ftp://127.0.0.1", Err(TransportError::NotSecure)),
            (
                "https://user@gateway.remote.com",
                Err(TransportError::NotABase),
            ),
            (
                "https://:pw@gateway.remote.com",
                Err(TransportError::NotABase),
            ),
            (
                "https://gateway.remote.com/?a=b",
                Err(TransportError::NotABase),
            ),
            (
                "https://gateway.remote.com/#f",
                Err(TransportError::NotABase),
            ),
            ("data:text/plain,x", Err(TransportError::NotABase)),
        ];
        for (address, expected) in cases {
            assert_eq!(
                require_secure(&Url::parse(address).expect(address)),
                expected,
                "{address}"
            );
        }
    }

    #[test]
    fn trust_roots_are_not_loaded_by_building_a_client() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = PlatformRoots {
            provider,
            verifier: OnceLock::new(),
        };
        assert!(!roots.supported_verify_schemes().is_empty());
        assert_eq!(format!("{roots:?}"), "PlatformRoots { loaded: false, .. }");
        assert!(
            CryptoProvider::get_default().is_none(),
            "no process-wide provider is installed"
        );
        http_client(
            &Url::parse("https://gateway.remote.com").expect("url"),
            &Timeouts::default(),
        )
        .expect("a client");
        assert!(
            CryptoProvider::get_default().is_none(),
            "building a client installs none either"
        );
    }
}
