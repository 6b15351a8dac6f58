//! What a handler is handed about its request.

use crate::actor::Actor;
use crate::app::App;
use crate::text::{Label, Lang};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// The request as a handler sees it: the application, the actor, the language.
/// Only the guard of a route makes one, after it has checked the route's roles.
#[derive(Clone)]
pub struct Cx {
    /// The application.
    pub app: Arc<App>,
    /// Who asks. On routes for everybody this may be nobody: see [`Cx::visitor`].
    pub who: Actor,
    /// The language to answer in.
    pub lang: Lang,
    /// What the zone calls the tie of leader, department and officer to an enterprise.
    pub label: Label,
    /// Facts of the request.
    pub request: Arc<Request>,
}

/// Facts of a request that pages need.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path, without the query.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// Whether htmx wants a fragment instead of a page.
    pub fragment: bool,
    /// The address of the client.
    pub address: IpAddr,
    /// The client program.
    pub agent: String,
    /// Digest of the session, where there is one.
    pub session: Option<[u8; 32]>,
    /// Cookies of display: theme and large text.
    pub theme: Option<String>,
    /// Whether the large text is switched on.
    pub large_text: bool,
    /// A message carried over a redirect: locale key.
    pub flash: Option<String>,
    /// The id that the log has for this request.
    pub request_id: String,
    /// The page of this site that the request was made from; empty when it is not known.
    pub from: String,
    /// The longer texts of a posted form, so that a refusal can hand them back.
    pub typed: OnceLock<Vec<String>>,
}

impl Cx {
    /// Whether nobody is signed in.
    pub fn visitor(&self) -> bool {
        self.who.person_id.is_none()
    }
}

impl Deref for Cx {
    type Target = App;
    fn deref(&self) -> &App {
        &self.app
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Cx {
    type Rejection = axum::http::StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // Every route is guarded; a missing Cx is a fault of the route table.
        parts.extensions.get::<Self>().cloned().ok_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
    }
}
