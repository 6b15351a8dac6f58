//! Documents as files. Fonts are found and read here; one PDF is set at a time, since
//! each takes a processor for itself.

use super::FileKind;
use crate::error::{Error, Result};
use paper::document::Document;
use std::path::Path;
#[cfg(feature = "pdf")]
use std::sync::Arc;
#[cfg(feature = "pdf")]
use std::time::Duration;
#[cfg(feature = "pdf")]
use tokio::sync::Semaphore;

/// The folder of the data directory where an office puts fonts of its own.
pub const FONTS: &str = "fonts";

/// Fonts that no document was set in for so long are let go of.
#[cfg(feature = "pdf")]
const IDLE: Duration = Duration::from_secs(60);

/// What makes files of documents.
pub struct Printer {
    #[cfg(feature = "pdf")]
    fonts: Arc<paper::Fonts>,
    #[cfg(feature = "pdf")]
    turn: Semaphore,
}

impl Printer {
    /// With the fonts of a data directory, then those of the system.
    #[cfg_attr(not(feature = "pdf"), expect(unused_variables, reason = "DOCX names fonts and holds none"))]
    pub fn new(data_dir: &Path) -> Self {
        Self {
            #[cfg(feature = "pdf")]
            fonts: Arc::new(paper::Fonts::new(&data_dir.join(FONTS))),
            #[cfg(feature = "pdf")]
            turn: Semaphore::new(1),
        }
    }

    /// The faces that PDF is set in; what keeps it from being made otherwise.
    pub fn faces(&self) -> std::result::Result<Vec<String>, String> {
        #[cfg(feature = "pdf")]
        {
            self.fonts.names().map_err(|none| none.to_string())
        }
        #[cfg(not(feature = "pdf"))]
        {
            Err("this program was built without PDF".to_owned())
        }
    }

    /// The document as a file.
    pub async fn file(&self, document: Document, kind: FileKind) -> Result<Vec<u8>> {
        match kind {
            FileKind::Pdf => self.pdf(document).await,
            FileKind::Docx => tokio::task::spawn_blocking(move || paper::docx(&document))
                .await
                .map_err(|e| Error::Internal(e.to_string()))?
                .map_err(|e| Error::Internal(e.to_string())),
        }
    }

    #[cfg(not(feature = "pdf"))]
    async fn pdf(&self, _: Document) -> Result<Vec<u8>> {
        Err(Error::state("no_pdf"))
    }

    #[cfg(feature = "pdf")]
    async fn pdf(&self, document: Document) -> Result<Vec<u8>> {
        let _turn = self.turn.acquire().await.map_err(|e| Error::Internal(e.to_string()))?;
        let fonts = Arc::clone(&self.fonts);
        let set = tokio::task::spawn_blocking(move || paper::pdf(&document, &fonts)).await;
        let fonts = Arc::clone(&self.fonts);
        tokio::spawn(async move {
            tokio::time::sleep(IDLE).await;
            fonts.rest(IDLE);
        });
        set.map_err(|e| Error::Internal(e.to_string()))?.map_err(|error| match error {
            paper::PdfError::NoFont(none) => {
                tracing::warn!("no PDF: {none}");
                Error::state("no_font")
            }
            paper::PdfError::Failed(text) => Error::Internal(text),
        })
    }
}
