//! Errors as answers: problem+json (RFC 9457) for the API, a page for people.

use crate::error::{Conflict, Error, FieldError};
use crate::handover::{Held, by_kind};
use crate::text::{Arg, Lang};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::Error as StoreError;

/// An answer that says why not.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// A stable name of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence, in the reader's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code that programs look at.
    pub code: String,
    /// What to do next, or what exactly was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Wrong>,
    /// What is still held and must be handed over before; at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// The page on which it is handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<String>,
    /// Seconds after which another try makes sense.
    #[serde(skip)]
    pub retry_after: Option<i64>,
}

/// One field that is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Wrong {
    /// JSON pointer to the field.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// What is wrong with it, in the reader's language.
    pub detail: String,
}

/// What is wrong with a field, in a language.
pub fn wrong_text(lang: Lang, error: &FieldError) -> String {
    let args: Vec<(&str, &dyn Arg)> = error.args.iter().map(|(name, value)| (*name, value as &dyn Arg)).collect();
    lang.with(&format!("invalid-{}", error.code), &args)
}

/// So much of what is held is listed one by one.
const HELD: usize = 100;

/// What is held, by kind: 责任关系 2、诉求 1.
pub fn held_text(lang: Lang, held: &[Held]) -> String {
    let part = |(kind, n): (&str, usize)| format!("{} {n}", lang.word("held", kind));
    by_kind(held).into_iter().map(part).collect::<Vec<_>>().join(&lang.t("comma"))
}

impl Problem {
    /// The problem that an error is.
    pub fn of(error: &Error, lang: Lang) -> Self {
        let (status, code) = classify(error);
        let mut problem = Self::new(status, code, lang);
        match error {
            Error::Invalid(errors) => {
                problem.errors = errors
                    .iter()
                    .map(|error| Wrong {
                        pointer: format!("/{}", error.field),
                        code: error.code.to_owned(),
                        detail: wrong_text(lang, error),
                    })
                    .collect();
            }
            Error::Malformed { detail, pointer, code } => {
                problem.detail = Some(detail.clone());
                problem.errors = pointer
                    .iter()
                    .map(|pointer| Wrong { pointer: pointer.clone(), code: (*code).to_owned(), detail: detail.clone() })
                    .collect();
            }
            Error::Conflict(Conflict::State(code)) => {
                problem.detail = Some(lang.t(&format!("conflict-{code}")).into_owned());
            }
            Error::Conflict(Conflict::Held(way)) => {
                let args: [(&str, &dyn Arg); 1] = [("held", &held_text(lang, &way.held))];
                problem.detail = Some(lang.with(&format!("conflict-{}", way.code), &args));
                problem.held = way.held.iter().take(HELD).cloned().collect();
                problem.hand_over = Some(way.href.clone());
            }
            Error::Conflict(Conflict::Taken(field)) => {
                problem.errors = vec![Wrong {
                    pointer: format!("/{field}"),
                    code: "taken".into(),
                    detail: lang.t("invalid-taken").into_owned(),
                }];
            }
            Error::TooMany(seconds) => {
                problem.retry_after = Some(*seconds);
                problem.detail = Some(lang.with("problem-too_many-detail", &[("seconds", seconds)]));
            }
            Error::Replayed(_) => problem.detail = Some(lang.t("problem-done_before-detail").into_owned()),
            Error::Conflict(Conflict::KeyReused) => {
                problem.detail = Some(lang.t("problem-key_reused-detail").into_owned());
            }
            Error::MediaType(wanted) => {
                problem.detail = Some(lang.with("problem-media_type-detail", &[("wanted", wanted)]));
            }
            Error::Store(StoreError::Unavailable(_) | StoreError::Full) => problem.retry_after = Some(5),
            _ => {}
        }
        problem
    }

    /// The problem of a request that was refused before a handler saw it: by a
    /// layer, an extractor or the table of routes, of which the status is all
    /// that is known.
    pub fn bare(status: StatusCode, lang: Lang) -> Self {
        let code = match status {
            // Only the layer against posts from other sites refuses so.
            StatusCode::FORBIDDEN => "cross_site",
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::REQUEST_TIMEOUT => "timeout",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "media_type",
            _ if status.is_server_error() => "internal",
            _ => "malformed",
        };
        Self::new(status, code, lang)
    }

    fn new(status: StatusCode, code: &str, lang: Lang) -> Self {
        Self {
            kind: format!("urn:buting:problem:{}", code.replace('_', "-")),
            title: lang.t(&format!("problem-{code}")).into_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: None,
            errors: Vec::new(),
            held: Vec::new(),
            hand_over: None,
            retry_after: None,
        }
    }

    /// What to do next: of this problem where it has its own words, otherwise of
    /// every problem with its status.
    pub fn help(&self, lang: Lang) -> String {
        let own = format!("help-{}", self.code);
        let key = if lang.has(&own) { own } else { format!("help-{}", self.status) };
        let key = if lang.has(&key) { key } else { format!("help-{}00", self.status / 100) };
        lang.t(&key).into_owned()
    }

    /// As an answer of the API.
    pub fn into_json(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"buting\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

/// The status and the stable code of an error. 5xx are logged here, once.
fn classify(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        Error::Malformed { .. } => (StatusCode::BAD_REQUEST, "malformed"),
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        // Where the record can be shown again the caller has done so; what is left
        // are secrets that are shown once.
        Error::Replayed(_) => (StatusCode::CONFLICT, "done_before"),
        Error::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        Error::Unauthenticated(code) => (StatusCode::UNAUTHORIZED, code),
        Error::Conflict(Conflict::Stale(_)) => (StatusCode::PRECONDITION_FAILED, "stale"),
        Error::Conflict(Conflict::KeyReused) => (StatusCode::UNPROCESSABLE_ENTITY, "key_reused"),
        Error::Conflict(Conflict::Taken(_)) => (StatusCode::CONFLICT, "taken"),
        Error::Conflict(Conflict::State(_) | Conflict::Held(_)) => (StatusCode::CONFLICT, "conflict"),
        Error::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
        Error::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Error::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"),
        Error::Store(StoreError::Full) => {
            tracing::error!("the disk is full");
            (StatusCode::INSUFFICIENT_STORAGE, "full")
        }
        Error::Store(StoreError::Unavailable(why)) => {
            tracing::error!(why, "the database is not available");
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        Error::Store(StoreError::Duplicate(key)) => {
            tracing::info!(key, "a unique key is taken");
            (StatusCode::CONFLICT, "duplicate")
        }
        Error::Store(StoreError::Reference(key)) => {
            tracing::info!(key, "a reference does not hold");
            (StatusCode::UNPROCESSABLE_ENTITY, "reference")
        }
        Error::Store(other) => {
            tracing::error!(error = %other, "the store failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
        Error::Internal(what) => {
            tracing::error!(what, "a fault of the program");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    }
}
