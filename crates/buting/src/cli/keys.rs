use super::place::Place;
use anyhow::{Context, Result};
use clap::Subcommand;
use vault::keyring::Keyring;

#[derive(Subcommand)]
pub enum Keys {
    /// Replace the key that wraps field keys; what is sealed stays readable.
    RotateField,
    /// Replace the key that signs the ledger's heads; earlier heads still verify.
    RotateSigning,
    /// Print the public keys of the ledger's heads, for those who verify elsewhere.
    Public,
}

impl Keys {
    pub async fn run(self, place: &Place) -> Result<()> {
        let settings = place.settings()?;
        // Refuses a directory that is not an installation's, or another one's.
        settings.writing_app().await?;
        let dir = settings.keys_dir();
        let mut keyring =
            Keyring::open_or_create(&dir).with_context(|| format!("cannot open the keys in {}", dir.display()))?;
        match self {
            Self::RotateField => {
                let number = keyring.rotate_field_key()?;
                println!(
                    "New field keys are wrapped under key {number} once the service is started again. Make a new key backup now."
                );
            }
            Self::RotateSigning => {
                let id = keyring.rotate_signing_key()?;
                println!(
                    "Heads are signed with key {id} once the service is started again. Make a new key backup now."
                );
            }
            Self::Public => {
                for (id, key) in keyring.public_keys().iter() {
                    println!("{id} {}", vault::hash::hex(&key));
                }
            }
        }
        Ok(())
    }
}
