//! The hook for a scanner of the house: ClamAV's daemon, or any program. What it
//! says is believed; when it cannot be asked, the file waits and is asked about again.

use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::Command;

/// How long a scanner may take for one file.
const TIME: Duration = Duration::from_secs(120);
/// Bytes that are handed to the daemon at a time.
const PIECE: usize = 64 * 1024;
/// No answer of a scanner is longer (bytes).
const ANSWER: u64 = 4096;

/// Whom to ask about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanner {
    /// ClamAV's daemon, at `HOST:PORT` or `unix:PATH`.
    Clamd(String),
    /// A program with its arguments: it reads the file from standard input and ends
    /// with 0 when it is clean, with 1 when it is not.
    Command(Vec<String>),
}

/// What a scanner found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Clean,
    /// Something, by the name that the scanner gives it.
    Infected(String),
}

impl Scanner {
    /// Asks about a file. An error says why there is no answer.
    pub async fn ask(&self, bytes: &[u8]) -> Result<Verdict, String> {
        let asked = async {
            match self {
                Self::Clamd(place) => match place.strip_prefix("unix:") {
                    Some(path) => clamd(UnixStream::connect(path).await?, bytes).await,
                    None => clamd(TcpStream::connect(place).await?, bytes).await,
                },
                Self::Command(words) => command(words, bytes).await,
            }
        };
        match tokio::time::timeout(TIME, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(format!("the scanner cannot be asked: {error}")),
            Err(_) => Err("the scanner did not answer in time".to_owned()),
        }
    }
}

/// `INSTREAM` of clamd: pieces with their lengths, an empty one at the end.
async fn clamd<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    bytes: &[u8],
) -> std::io::Result<Result<Verdict, String>> {
    stream.write_all(b"zINSTREAM\0").await?;
    for piece in bytes.chunks(PIECE) {
        stream.write_all(&u32::try_from(piece.len()).unwrap_or_default().to_be_bytes()).await?;
        stream.write_all(piece).await?;
    }
    stream.write_all(&[0; 4]).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer).await?;
    Ok(read_answer(&String::from_utf8_lossy(&answer)))
}

/// `stream: OK`, `stream: NAME FOUND`, or what went wrong.
fn read_answer(answer: &str) -> Result<Verdict, String> {
    let answer = answer.trim_matches(['\0', '\n', '\r', ' ']);
    let said = answer.strip_prefix("stream:").unwrap_or(answer).trim();
    match said.strip_suffix("FOUND") {
        Some(name) => Ok(Verdict::Infected(name.trim().chars().take(200).collect())),
        None if said == "OK" => Ok(Verdict::Clean),
        None => Err(format!("the scanner answered “{}”", said.chars().take(200).collect::<String>())),
    }
}

async fn command(words: &[String], bytes: &[u8]) -> std::io::Result<Result<Verdict, String>> {
    let Some((program, args)) = words.split_first() else { return Ok(Err("no command is named".to_owned())) };
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let input = child.stdin.take();
    // Both at once: who answers while he reads must not wait for a reader.
    let feed = async {
        let Some(mut input) = input else { return };
        // A scanner that has seen enough closes its end; its verdict counts.
        let _ = input.write_all(bytes).await;
    };
    let (_, output) = tokio::join!(feed, child.wait_with_output());
    let output = output?;
    let said = String::from_utf8_lossy(&output.stdout).lines().next_back().unwrap_or_default().trim().to_owned();
    Ok(match output.status.code() {
        Some(0) => Ok(Verdict::Clean),
        Some(1) => Ok(Verdict::Infected(said.chars().take(200).collect())),
        other => Err(format!("the scanner ended with {other:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_daemon_says() {
        for (answer, verdict) in [
            ("stream: OK\0", Ok(Verdict::Clean)),
            ("stream: Eicar-Test-Signature FOUND\0", Ok(Verdict::Infected("Eicar-Test-Signature".into()))),
            ("INSTREAM size limit exceeded. ERROR\0", Err(())),
            ("", Err(())),
            ("stream: NOT OK", Err(())),
        ] {
            assert_eq!(read_answer(answer).map_err(drop), verdict, "{answer}");
        }
    }

    #[tokio::test]
    async fn a_program_says_it_by_its_end() {
        let run = |script: &str| Scanner::Command(["sh", "-c", script].map(str::to_owned).into());
        let large = vec![b'x'; 1 << 20];
        assert_eq!(run("cat > /dev/null").ask(&large).await, Ok(Verdict::Clean));
        let found = run("echo Eicar; exit 1").ask(&large).await;
        assert_eq!(found, Ok(Verdict::Infected("Eicar".into())));
        assert!(run("exit 2").ask(&large).await.is_err());
        assert!(Scanner::Command(vec!["/nowhere/scanner".into()]).ask(b"x").await.is_err());
        assert!(Scanner::Clamd("unix:/nowhere/clamd".into()).ask(b"x").await.is_err());
    }
}
