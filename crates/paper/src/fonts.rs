//! The faces that documents are set in: found by name in the folders of the installation
//! and of the system, read only while documents are written. A file of Chinese faces has
//! 20 MB and more, which an idle program does not hold.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use typst::foundations::Bytes;
use typst::text::Font;

/// Text: 仿宋, the face of official documents, where the office has put it there;
/// otherwise what Debian's `fonts-noto-cjk` and the free sources bring.
const BODY: &[&str] = &[
    "仿宋_gb2312",
    "fangsong_gb2312",
    "方正仿宋_gbk",
    "fzfangsong-z02",
    "fangsong",
    "仿宋",
    "stfangsong",
    "fandolfang r",
    "noto serif cjk sc",
    "noto serif sc",
    "source han serif sc",
    "source han serif cn",
    "simsun",
    "宋体",
    "fandolsong",
    "noto sans cjk sc",
    "noto sans sc",
    "source han sans sc",
];
/// The head and the title: 小标宋.
const TITLE: &[&str] = &[
    "方正小标宋_gbk",
    "方正小标宋简体",
    "方正小标宋_gb18030",
    "fzxiaobiaosong-b05",
    "fzxiaobiaosong-b05s",
    "fandolsong",
    "noto serif cjk sc",
    "noto serif sc",
    "source han serif sc",
    "source han serif cn",
];
/// Headings and labels: 黑体.
const HEAD: &[&str] = &[
    "黑体",
    "simhei",
    "方正黑体_gbk",
    "stheiti",
    "fandolhei",
    "noto sans cjk sc",
    "noto sans sc",
    "source han sans sc",
    "source han sans cn",
];
/// Where systems keep their fonts.
const SYSTEM: &[&str] = &["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"];
/// Folders deeper than this hold none.
const DEPTH: usize = 6;
/// A file larger than this is no font (the largest collections have 150 MB).
const LARGEST: u64 = 256 * 1024 * 1024;

/// No face with Chinese characters was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no Chinese font was found in {}", folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", "))]
pub struct NoFont {
    /// Where it was looked for.
    pub folders: Vec<PathBuf>,
}

/// A face in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Face {
    path: PathBuf,
    /// Its place among those of the file.
    index: u32,
    /// Its family in every language that it says it in, in small letters.
    families: BTreeSet<String>,
    /// 400 is regular, 700 bold.
    weight: u16,
}

/// The faces that were chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chosen {
    body: Face,
    title: Face,
    head: Face,
}

/// The faces, read.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub body: Font,
    pub title: Font,
    pub head: Font,
}

impl Loaded {
    pub fn all(&self) -> [Font; 3] {
        [self.body.clone(), self.title.clone(), self.head.clone()]
    }
}

/// Where faces are looked for, and what was found: looked for once, when they are first
/// wanted, and read when a document is written.
pub struct Fonts {
    folders: Vec<PathBuf>,
    chosen: OnceLock<Chosen>,
    loaded: Mutex<Option<(Instant, Arc<Loaded>)>>,
}

impl Fonts {
    /// Fonts of this folder first, then those of the system.
    pub fn new(own: &Path) -> Self {
        let folders = std::iter::once(own.to_owned()).chain(SYSTEM.iter().map(PathBuf::from)).collect();
        Self::of(folders)
    }

    /// Fonts of these folders alone.
    pub fn of(folders: Vec<PathBuf>) -> Self {
        Self { folders, chosen: OnceLock::new(), loaded: Mutex::new(None) }
    }

    /// The names of the faces that documents are set in: text, title, headings.
    pub fn names(&self) -> Result<Vec<String>, NoFont> {
        let chosen = self.chosen()?;
        let name = |face: &Face| face.families.iter().next().cloned().unwrap_or_default();
        Ok([&chosen.body, &chosen.title, &chosen.head].map(name).into())
    }

    /// Lets go of faces that no document was set in for so long; the next reads them again.
    pub fn rest(&self, idle: Duration) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.as_ref().is_some_and(|(last, _)| last.elapsed() >= idle) {
            *loaded = None;
            // What the typesetter remembers holds them too.
            typst::comemo::evict(0);
        }
    }

    pub(crate) fn load(&self) -> Result<Arc<Loaded>, LoadError> {
        let chosen = self.chosen()?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, fonts)) = &mut *loaded {
            *last = Instant::now();
            return Ok(Arc::clone(fonts));
        }
        // Two faces of one file share its bytes.
        let mut files: Vec<(PathBuf, Bytes)> = Vec::new();
        let mut read = |face: &Face| -> Result<Font, LoadError> {
            let known = files.iter().find(|(path, _)| *path == face.path).map(|(_, bytes)| bytes.clone());
            let bytes = match known {
                Some(bytes) => bytes,
                None => {
                    let path = || face.path.clone();
                    let read = std::fs::read(&face.path);
                    let bytes = Bytes::new(read.map_err(|error| LoadError::Unreadable { path: path(), error })?);
                    files.push((face.path.clone(), bytes.clone()));
                    bytes
                }
            };
            Font::new(bytes, face.index).ok_or_else(|| LoadError::Broken { path: face.path.clone() })
        };
        let fonts =
            Arc::new(Loaded { body: read(&chosen.body)?, title: read(&chosen.title)?, head: read(&chosen.head)? });
        *loaded = Some((Instant::now(), Arc::clone(&fonts)));
        Ok(fonts)
    }

    fn chosen(&self) -> Result<&Chosen, NoFont> {
        if let Some(chosen) = self.chosen.get() {
            return Ok(chosen);
        }
        // Where there are none they are looked for again: somebody may have put them there since.
        let found = choose(&self.folders).ok_or_else(|| NoFont { folders: self.folders.clone() })?;
        Ok(self.chosen.get_or_init(|| found))
    }
}

/// Why the faces could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    None(#[from] NoFont),
    #[error("the font {} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("the font {} is damaged", path.display())]
    Broken { path: PathBuf },
}

fn choose(folders: &[PathBuf]) -> Option<Chosen> {
    let mut faces = Vec::new();
    for folder in folders {
        let mut files = Vec::new();
        walk(folder, DEPTH, &mut files);
        files.sort();
        for file in files {
            // What is no font, or none that can be read, is passed over.
            faces.extend(faces_of(&file).unwrap_or_default());
        }
    }
    let body = best(&faces, BODY, 400)?;
    let title = best(&faces, TITLE, 700).unwrap_or(body);
    let head = best(&faces, HEAD, 400).unwrap_or(body);
    Some(Chosen { body: body.clone(), title: title.clone(), head: head.clone() })
}

/// The first family that there is, in the weight that is nearest.
fn best<'a>(faces: &'a [Face], families: &[&str], weight: u16) -> Option<&'a Face> {
    families.iter().find_map(|family| {
        let of_family = faces.iter().filter(|face| face.families.contains(*family));
        of_family.min_by_key(|face| face.weight.abs_diff(weight))
    })
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        if path.is_dir() {
            if depth > 0 {
                walk(&path, depth - 1, files);
            }
        } else if matches!(ending.as_str(), "ttf" | "otf" | "ttc" | "otc") {
            files.push(path);
        }
    }
}

// The little that is read of a font file: which faces it has, and their names and weights
// (OpenType 1.9: `ttcf`, table directory, `name`, `OS/2`). The rest of its megabytes is
// left alone.

fn faces_of(path: &Path) -> io::Result<Vec<Face>> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > LARGEST {
        return Ok(Vec::new());
    }
    let mut starts = vec![0];
    if bytes(&mut file, 0, 4)? == b"ttcf" {
        let count = u32_at(&bytes(&mut file, 8, 4)?, 0).min(64);
        let table = bytes(&mut file, 12, count as usize * 4)?;
        starts = (0..count as usize).map(|n| u64::from(u32_at(&table, n * 4))).collect();
    }
    let mut faces = Vec::new();
    for (index, start) in (0_u32..).zip(starts) {
        let count = usize::from(u16_at(&bytes(&mut file, start + 4, 2)?, 0)).min(256);
        let directory = bytes(&mut file, start + 12, count * 16)?;
        let table = |tag: &[u8]| {
            let entry = directory.chunks_exact(16).find(|entry| &entry[..4] == tag)?;
            Some((u64::from(u32_at(entry, 8)), (u32_at(entry, 12) as usize).min(1 << 20)))
        };
        let Some((at, length)) = table(b"name") else { continue };
        let families = families(&bytes(&mut file, at, length)?);
        let weight = match table(b"OS/2") {
            Some((at, _)) => u16_at(&bytes(&mut file, at + 4, 2)?, 0),
            None => 400,
        };
        faces.push(Face { path: path.to_owned(), index, families, weight });
    }
    Ok(faces)
}

/// The names of the family, in every language.
fn families(table: &[u8]) -> BTreeSet<String> {
    let (count, storage) = (u16_at(table, 2), usize::from(u16_at(table, 4)));
    let mut found = BTreeSet::new();
    for record in table.get(6..).unwrap_or_default().chunks_exact(12).take(usize::from(count)) {
        let (platform, id) = (u16_at(record, 0), u16_at(record, 6));
        let (length, offset) = (usize::from(u16_at(record, 8)), usize::from(u16_at(record, 10)));
        // Family, and the family that typesetters go by; as UTF-16 of Unicode or Windows.
        if !matches!(id, 1 | 16) || !matches!(platform, 0 | 3) {
            continue;
        }
        let text = table.get(storage + offset..storage + offset + length).unwrap_or_default();
        let units: Vec<u16> = text.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
        found.insert(String::from_utf16_lossy(&units).to_lowercase());
    }
    found
}

fn bytes(file: &mut File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(family: &str, weight: u16) -> Face {
        Face { path: PathBuf::from(family), index: 0, families: BTreeSet::from([family.to_owned()]), weight }
    }

    #[test]
    fn what_the_office_put_there_goes_before_what_the_system_has() {
        let system = [face("noto serif cjk sc", 400), face("noto serif cjk sc", 700), face("noto sans cjk sc", 400)];
        let weight_of = |faces: &[Face], families, weight| {
            best(faces, families, weight).map(|face| (face.path.display().to_string(), face.weight))
        };
        assert_eq!(weight_of(&system, BODY, 400), Some(("noto serif cjk sc".into(), 400)));
        assert_eq!(weight_of(&system, TITLE, 700), Some(("noto serif cjk sc".into(), 700)));
        assert_eq!(weight_of(&system, HEAD, 400), Some(("noto sans cjk sc".into(), 400)));
        let own = [&system[..], &[face("仿宋_gb2312", 400), face("方正小标宋_gbk", 400)]].concat();
        assert_eq!(weight_of(&own, BODY, 400), Some(("仿宋_gb2312".into(), 400)));
        assert_eq!(weight_of(&own, TITLE, 700), Some(("方正小标宋_gbk".into(), 400)));
        assert_eq!(weight_of(&[face("dejavu sans", 400)], BODY, 400), None);
    }

    #[test]
    fn a_folder_without_fonts_is_said_so() {
        let folder = std::env::temp_dir().join("no such folder of fonts");
        let error = Fonts::of(vec![folder.clone()]).names().expect_err("none");
        assert_eq!(error.folders, [folder]);
    }

    #[test]
    fn what_is_no_font_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in
            [("a.ttf", &b"ttcf\0\x01\0\0\xff\xff\xff\xff"[..]), ("b.otf", b""), ("c.ttc", b"OTTO\0\x09")]
        {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        assert!(Fonts::of(vec![folder.path().to_owned()]).names().is_err());
    }
}
