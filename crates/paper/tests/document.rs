//! A document as files: read back by other programs than those that wrote it.

use jiff::civil::date;
use paper::document::{Block, Column, Document, Fact, Verify};
use quick_xml::events::Event;
use std::io::Read as _;

const NUMBER: &str = "智谷管办交〔2026〕12号";

fn sheet() -> Document {
    let row = |n: usize| vec![n.to_string(), format!("第{n}件：东门限高，货车不能进厂"), "规划建设部".to_owned()];
    Document {
        office: "智谷管委会办公室".into(),
        title: "诉求交办单".into(),
        number: Some(NUMBER.into()),
        earlier: Some("智谷管办交〔2026〕3号".into()),
        day: date(2026, 11, 24),
        made_at: "2026-11-24T02:00:00Z".parse().expect("a time"),
        wide: false,
        blocks: vec![
            Block::To { names: vec!["规划建设部".into(), "交警大队".into()] },
            Block::Text { text: "现将下列诉求交你单位办理。\n请按时反馈。".into() },
            Block::Facts {
                facts: vec![
                    Fact::new("诉求编号", "SQ-20261124-0001"),
                    Fact::new("问题类别", "交通出行"),
                    // Nothing of this may be taken for markup.
                    Fact::wide("诉求内容", "#let x = 1 *粗* $a$ <w:p/> & \"引号\" [括号] \\ @ref\n第二行"),
                    Fact::room("办理情况", 5),
                ],
            },
            Block::Heading { text: "附：同类诉求".into() },
            Block::Table {
                name: "同类诉求".into(),
                columns: [("序号", 1), ("事项", 6), ("单位", 2)]
                    .map(|(head, share)| Column { head: head.into(), share })
                    .into(),
                rows: (1..60).map(row).collect(),
            },
            Block::Sign { labels: vec!["签收人".into()] },
            Block::Seal,
            Block::Note { text: "本单一式两份。".into() },
        ],
        mark: None,
        verify: Some(Verify {
            url: "https://buting.example/d/AbCd-0123456789".into(),
            digest: "0123456789abcdef0123456789abcdef".into(),
        }),
    }
}

/// What a reader finds in both files.
const SAID: &[&str] = &[
    "智谷管委会办公室",
    NUMBER,
    "规划建设部、交警大队：",
    "现将下列诉求交你单位办理。",
    "#let x = 1 *粗* $a$ <w:p/> & \"引号\" [括号] \\ @ref",
    "第二行",
    "第59件",
    "签收人",
    "2026年11月24日",
    "0123 4567",
    "https://buting.example/d/AbCd-0123456789",
];

#[test]
fn a_docx_is_a_whole_file_with_all_that_is_said() {
    let bytes = paper::docx(&sheet()).expect("a file");
    assert_eq!(bytes, paper::docx(&sheet()).expect("a file"), "the same document is the same file");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    let mut said = String::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a part");
        let (name, mut part) = (file.name().expect("a name").into_owned(), Vec::new());
        file.read_to_end(&mut part).expect("its bytes");
        if name.ends_with(".png") {
            assert_eq!(&part[1..4], b"PNG");
            continue;
        }
        let text = String::from_utf8(part).expect("UTF-8");
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut depth = 0;
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{name} is no XML: {error}")) {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => break,
                Event::Text(words) if name == "word/document.xml" => said.push_str(&words.xml10_content()),
                Event::GeneralRef(mark) if name == "word/document.xml" => {
                    said.push(match &*mark {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        _ => '"',
                    });
                }
                _ => {}
            }
        }
        assert_eq!(depth, 0, "{name}");
    }
    for words in SAID {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    let draft = Document { number: None, mark: Some("作废".into()), verify: None, ..sheet() };
    assert!(!paper::docx(&draft).expect("a file").is_empty());
}

#[cfg(feature = "pdf")]
mod pdf {
    use super::*;
    use paper::{Fonts, PdfError};
    use std::path::Path;
    use std::process::Command;

    /// What a program of the system says of a file.
    fn told(program: &str, arguments: &[&str], file: &Path, to: Option<&str>) -> String {
        let out = Command::new(program).args(arguments).arg(file).args(to).output();
        let out = out.unwrap_or_else(|error| panic!("{program}: {error}; scripts/install-test-tools.sh installs it"));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn kept(document: &Document, fonts: &Fonts, name: &str) -> (Vec<u8>, tempfile::TempDir, std::path::PathBuf) {
        let bytes = paper::pdf(document, fonts).expect("a file");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(name);
        std::fs::write(&file, &bytes).expect("a file");
        // To be looked at by people.
        if let Ok(keep) = std::env::var("BUTING_SHEETS") {
            std::fs::copy(&file, Path::new(&keep).join(name)).expect("a copy");
        }
        (bytes, folder, file)
    }

    #[test]
    fn a_pdf_opens_elsewhere_and_its_text_can_be_copied() {
        let fonts = Fonts::new(Path::new("fonts"));
        let (bytes, _folder, file) = kept(&sheet(), &fonts, "upright.pdf");
        assert_eq!(bytes, paper::pdf(&sheet(), &fonts).expect("a file"), "the same document is the same file");
        fonts.rest(std::time::Duration::ZERO);
        assert_eq!(bytes, paper::pdf(&sheet(), &fonts).expect("a file"), "and after a rest");

        let text = told("pdftotext", &["-layout"], &file, Some("-"));
        // How wide a space is read between letters is the reader's guess.
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        for words in SAID {
            assert!(bare(&text).contains(&bare(words)), "{words} is not in {text}");
        }
        let text = bare(&text);
        assert!(text.contains("第1页") && text.contains("第3页"), "{text}");
        assert!(text.matches("事项").count() >= 2, "the head of a table comes again");
        let about = told("pdfinfo", &["-rawdates"], &file, None);
        assert!(about.contains(&format!("诉求交办单 {NUMBER}")) && about.contains("A4"), "{about}");
        assert!(about.contains("D:20261124020000"), "{about}");
        assert!(bytes.windows(5).any(|five| five == b"/Lang"), "it says its language");
    }

    #[test]
    fn a_ledger_lies_on_its_side_and_a_withdrawn_sheet_says_so() {
        let fonts = Fonts::new(Path::new("fonts"));
        let lying = Document { wide: true, number: None, mark: Some("作废".into()), verify: None, ..sheet() };
        let (_, _folder, file) = kept(&lying, &fonts, "lying.pdf");
        let text = told("pdftotext", &["-layout"], &file, Some("-"));
        assert!(text.contains("未编号") && !text.contains("校验码"), "{text}");
    }

    #[test]
    fn without_a_chinese_font_there_is_a_plain_word() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = Fonts::of(vec![folder.path().to_owned()]);
        let error = paper::pdf(&sheet(), &none).expect_err("no font");
        assert!(matches!(&error, PdfError::NoFont(none) if none.folders.len() == 1), "{error}");
    }
}
