//! Zones, accounts and tokens, from the server's own command line: how the
//! first administrators come in, and how a lost password is mended.

use super::place::Place;
use super::plain;
use crate::actor::{Actor, Role, Via};
use crate::app::App;
use crate::organisation::accounts::is_scope;
use crate::organisation::desk::{self, NewAccount};
use crate::organisation::{Grant, NewPerson, signin};
use crate::time::DAY_MS;
use crate::zone;
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::Read;
use uuid::Uuid;

#[derive(Subcommand)]
pub enum Zone {
    /// Make a zone.
    Create {
        /// The name in `user@handle`: small letters, digits, hyphens.
        handle: String,
        /// The committee's name.
        name: String,
    },
}

#[derive(Subcommand)]
pub enum User {
    /// Add a person with an account.
    Add(Add),
    /// Give an account a new password; it must be changed at the next sign-in.
    Passwd {
        /// `name` or `name@zone`.
        user: String,
        /// Read the password from standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Disable an account and end its sessions.
    Disable {
        /// `name` or `name@zone`.
        user: String,
    },
}

#[derive(Args)]
pub struct Add {
    /// `name` or `name@zone` to sign in with.
    user: String,
    /// The person's own name.
    #[arg(long, value_name = "NAME")]
    person: String,
    /// A role; may be repeated.
    #[arg(long, required = true, value_parser = role)]
    role: Vec<Role>,
    /// The name of the person's department or partner agency.
    #[arg(long, value_name = "NAME")]
    department: Option<String>,
    /// The key of the person's enterprise.
    #[arg(long, value_name = "UUID")]
    enterprise: Option<Uuid>,
    /// The key of the person's project.
    #[arg(long, value_name = "UUID")]
    project: Option<Uuid>,
    /// Post or title.
    #[arg(long)]
    title: Option<String>,
    /// Telephone.
    #[arg(long)]
    phone: Option<String>,
    /// Read the password from standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Subcommand)]
pub enum Token {
    /// Make an API token of an account; the token alone is on the last line.
    Create {
        /// `name` or `name@zone`.
        #[arg(long)]
        user: String,
        /// `*`, `read`, or `collection:read|write`; may be repeated.
        #[arg(long, required = true, value_parser = scope)]
        scope: Vec<String>,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
        /// Days until it ends; without it, it does not end by itself.
        #[arg(long)]
        days: Option<u32>,
    },
}

fn role(word: &str) -> Result<Role, String> {
    let known = || Role::ALL.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
    Role::parse(word).ok_or_else(|| format!("the roles are {}", known()))
}

fn scope(word: &str) -> Result<String, String> {
    match is_scope(word) {
        true => Ok(word.to_owned()),
        false => Err("scopes are *, read, or collection:read and collection:write, such as appeals:read".to_owned()),
    }
}

/// The zone of a handle, or the first one.
pub async fn zone_of(app: &App, handle: Option<&str>) -> Result<Uuid> {
    let zones = zone::Zone::all(&mut app.read().await.map_err(plain)?).await.map_err(plain)?;
    let found = match handle {
        Some(handle) => zones.into_iter().find(|zone| zone.handle == handle),
        None => zones.into_iter().next(),
    };
    Ok(found.ok_or_else(|| anyhow!("there is no such zone; make one with `buting zone create`"))?.zone_id)
}

/// The one who types the command, acting in a zone.
pub fn command(zone: Uuid) -> Actor {
    let mut who = Actor::rule(zone);
    who.via = Via::Command;
    who
}

/// The zone and the account of `name[@zone]`.
async fn find(app: &App, user: &str) -> Result<(Actor, Uuid)> {
    let mut tx = app.read().await.map_err(plain)?;
    let account = signin::find(&mut tx, user).await.map_err(plain)?;
    let account = account.ok_or_else(|| anyhow!("there is no account {user}"))?;
    Ok((command(account.zone_id), account.id))
}

/// The password to set, and whether it is to be printed.
fn password(from_stdin: bool) -> Result<(String, bool)> {
    if !from_stdin {
        return Ok((vault::password::generate(), true));
    }
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).context("cannot read the password")?;
    Ok((text.trim_end_matches(['\r', '\n']).to_owned(), false))
}

impl Zone {
    pub async fn run(self, place: &Place) -> Result<()> {
        let Self::Create { handle, name } = self;
        let settings = place.settings()?;
        let db = settings.open_or_make(super::place::FEW).await?;
        super::serve::migrate(&settings, &db).await?;
        db.close().await;
        let app = settings.writing_app().await?;
        let id = desk::create_zone(&app, &handle, &name, json!({})).await.map_err(plain)?;
        println!("{id}");
        Ok(())
    }
}

impl User {
    pub async fn run(self, place: &Place) -> Result<()> {
        let app = place.settings()?.writing_app().await?;
        match self {
            Self::Add(add) => add.run(&app).await,
            Self::Passwd { user, password_stdin } => {
                let (who, account) = find(&app, &user).await?;
                let (password, show) = password(password_stdin)?;
                desk::reset_password(&app, &who, account, &password, true).await.map_err(plain)?;
                if show {
                    println!("{password}");
                }
                Ok(())
            }
            Self::Disable { user } => {
                let (who, account) = find(&app, &user).await?;
                desk::disable_account(&app, &who, account).await.map_err(plain)?;
                println!("{user} can no longer sign in.");
                Ok(())
            }
        }
    }
}

impl Add {
    async fn run(self, app: &App) -> Result<()> {
        let (name, handle) = match self.user.rsplit_once('@') {
            Some((name, handle)) => (name, Some(handle)),
            None => (self.user.as_str(), None),
        };
        let mut tx = app.read().await.map_err(plain)?;
        if signin::find(&mut tx, &self.user).await.map_err(plain)?.is_some() {
            bail!("there is an account {} already", self.user);
        }
        let zone = zone_of(app, handle).await?;
        let department_id = match &self.department {
            None => None,
            Some(wanted) => {
                let all = desk::departments(&mut tx, zone).await.map_err(plain)?;
                let found = all.into_iter().find(|d| d.name == *wanted || d.short_name == *wanted);
                Some(found.ok_or_else(|| anyhow!("there is no department {wanted}"))?.id)
            }
        };
        drop(tx);
        let (password, show) = password(self.password_stdin)?;
        vault::password::check_policy(&password, name)
            .map_err(|error| plain(signin::policy_error("password", &error)))?;
        let who = command(zone);
        let person = NewPerson {
            name: self.person,
            title: self.title,
            phone: self.phone,
            department_id,
            enterprise_id: self.enterprise,
            project_id: self.project,
            ..NewPerson::default()
        };
        let grants: Vec<_> = self.role.into_iter().map(Grant::usual).collect();
        let person_id = desk::add_person(app, &who, person).await.map_err(plain)?;
        let account =
            NewAccount { person_id, user_name: name, password: Some(&password), must_change: true, grants: &grants };
        desk::add_account(app, &who, &account).await.map_err(plain)?;
        if show {
            println!("{password}");
        }
        Ok(())
    }
}

impl Token {
    pub async fn run(self, place: &Place) -> Result<()> {
        let Self::Create { user, scope, name, days } = self;
        let app = place.settings()?.writing_app().await?;
        let (who, account) = find(&app, &user).await?;
        let expires_at = days.map(|days| app.now().plus(i64::from(days) * DAY_MS));
        let token =
            desk::create_token(&app, &who, account, &name, &scope.join(" "), expires_at).await.map_err(plain)?;
        println!("{token}");
        Ok(())
    }
}
