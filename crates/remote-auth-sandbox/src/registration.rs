//! Clients that the sandbox knows, by id, secret and redirection URIs.

use std::{fmt, sync::Arc};

use remote_oauth_client::Secret;

use crate::{keys::Keys, redirect};

/// Describes one client: its id, its secret and the redirection URIs it may name.
///
/// The demo client exists without being registered; this type adds others, for instance to prove
/// that a code for one client is refused to another.
///
/// # Secrets
///
/// It holds the client secret and what it is compared with; `Debug` shows neither.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-2>
#[derive(Clone)]
pub struct Registration {
    pub(crate) client_id: Arc<str>,
    /// The secret that it began with; [`keys`](Self::keys) says which is right now.
    pub(crate) client_secret: Secret,
    pub(crate) keys: Keys,
    pub(crate) redirect_uris: Vec<String>,
}

impl Registration {
    /// Creates a registration without redirection URIs; the sandbox judges it when it starts.
    pub fn new(client_id: &str, client_secret: Secret) -> Self {
        Self {
            client_id: client_id.into(),
            keys: Keys::new(&client_secret),
            client_secret,
            redirect_uris: Vec::new(),
        }
    }

    /// Adds a redirection URI that authorization requests must then name exactly.
    ///
    /// `http://127.0.0.1/…` and `http://[::1]/…` without a port stand for every port.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc8252#section-7.3>
    #[must_use]
    pub fn redirect_uri(mut self, uri: &str) -> Self {
        self.redirect_uris.push(uri.to_owned());
        self
    }

    /// Says what is wrong with this registration, if anything is.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        // A colon would end the id within a Basic header.
        let id_is_good = self
            .client_id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':');
        if self.client_id.is_empty() || !id_is_good {
            Some("a client id needs visible ASCII characters other than the colon")
        } else if !self.client_secret.is_vschar() {
            Some("a client secret needs printable ASCII characters")
        } else if !self
            .redirect_uris
            .iter()
            .all(|uri| redirect::may_be_registered(uri))
        {
            Some("a redirection URI is absolute, printable ASCII and without a fragment")
        } else {
            None
        }
    }

    /// Tells whether an authorization request of this client may name this redirection URI.
    pub(crate) fn allows_redirect(&self, requested: &str) -> bool {
        self.redirect_uris
            .iter()
            .any(|registered| redirect::matches(registered, requested))
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("client_id", &self.client_id)
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}
