//! Which rows of a workbook are hidden: the reader of cells does not say.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::{BTreeSet, HashMap};
use std::io::{BufReader, Cursor};
use zip::ZipArchive;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// The numbers of hidden rows by name of the sheet. What cannot be found out is
/// taken for shown: the cells are read, and refused, by another reader.
pub fn rows(bytes: &[u8]) -> HashMap<String, BTreeSet<usize>> {
    let mut hidden = HashMap::new();
    let Ok(mut book) = ZipArchive::new(Cursor::new(bytes)) else { return hidden };
    let mut targets = HashMap::new();
    each(&mut book, "xl/_rels/workbook.xml.rels", "Relationship", |one| {
        if let (Some(id), Some(target)) = (attribute(one, "Id"), attribute(one, "Target")) {
            let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
            targets.insert(id, path);
        }
    });
    let mut sheets = Vec::new();
    each(&mut book, "xl/workbook.xml", "sheet", |one| {
        let id = attribute(one, "r:id").or_else(|| attribute(one, "id"));
        if let (Some(name), Some(id)) = (attribute(one, "name"), id) {
            sheets.push((name, id));
        }
    });
    for (name, id) in sheets {
        let Some(path) = targets.get(&id) else { continue };
        let (mut rows, mut number) = (BTreeSet::new(), 0);
        each(&mut book, path, "row", |row| {
            number = attribute(row, "r").and_then(|r| r.parse().ok()).unwrap_or(number + 1);
            if attribute(row, "hidden").is_some_and(|hidden| hidden == "1" || hidden == "true") {
                rows.insert(number);
            }
        });
        hidden.insert(name, rows);
    }
    hidden
}

/// Looks at each element of that name in a part of the workbook.
fn each(book: &mut Archive<'_>, path: &str, name: &str, mut look: impl FnMut(&BytesStart<'_>)) {
    let Ok(part) = book.by_name(path) else { return };
    let mut reader = Reader::from_reader(BufReader::new(part));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(one) | Event::Empty(one)) if one.local_name().as_ref() == name => look(&one),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}
