//! `format('{:.2f}', x)` and `printf('%.2f', x)`: two ways to write the same places.

use polars::prelude::*;

use super::{ANY, Arguments, OwnFunction, TEXT, Values, as_text, own, text};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["format"], &[TEXT, ANY], text, |a| written(a, braces))
        .least(1)
        .more()
        .told("format('{}: {:.2f}', text, x)", "values put into a text"),
    own(&["printf"], &[TEXT, ANY], text, |a| written(a, percents))
        .least(1)
        .more()
        .told("printf('%s: %.2f', text, x)", "values put into a text"),
];

/// A piece of a text with places in it.
enum Piece {
    Plain(String),
    /// Which argument, and how it is written.
    Place(usize, Form),
}

/// How a value is written.
#[derive(Default)]
struct Form {
    fill: Option<char>,
    /// `<`, `>` or `^`.
    align: Option<char>,
    plus: bool,
    zeros: bool,
    width: usize,
    commas: bool,
    digits: Option<usize>,
    /// `d`, `x`, `f` …
    kind: Option<char>,
}

/// The values of an argument.
enum Part {
    Whole(Values<Int64Type>),
    Float(Values<Float64Type>),
    Text(Values<StringType>),
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn written(a: &Arguments<'_>, read: fn(&str) -> Option<Vec<Piece>>) -> PolarsResult<Column> {
    let Some(pattern) = a.constant(0)? else { return Ok(a.each(|_| None::<String>)) };
    let wrong = |what: &str| polars_err!(ComputeError: "'{}' {}", pattern, what);
    let pieces = read(&pattern).ok_or_else(|| wrong("has a place that cannot be read"))?;
    let part = |at| {
        Ok(match a.dtype(at) {
            whole if whole.is_integer() => Part::Whole(a.whole(at)?),
            float if float.is_float() => Part::Float(a.floats(at)?),
            _ => Part::Text(a.texts(at)?),
        })
    };
    let parts = (1..a.len()).map(part).collect::<PolarsResult<Vec<_>>>()?;
    let mut fault = None;
    let column = a.each(|row| {
        let mut made = String::new();
        for piece in &pieces {
            match piece {
                Piece::Plain(plain) => made.push_str(plain),
                Piece::Place(at, form) => match parts.get(*at) {
                    None => fault = Some("has more places than there are values"),
                    Some(part) => match form.of(part, row)? {
                        Some(value) => made.push_str(&value),
                        None => fault = Some("has a place that does not fit its value"),
                    },
                },
            }
        }
        Some(made)
    });
    fault.map_or(Ok(column), |what| Err(wrong(what)))
}

/// `{}`, `{1}`, `{:>8}`; `{{` and `}}` are braces.
fn braces(pattern: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut plain, mut next) = (Vec::new(), String::new(), 0);
    let mut letters = pattern.chars().peekable();
    while let Some(c) = letters.next() {
        match (c, letters.peek()) {
            ('{', Some('{')) | ('}', Some('}')) => plain.extend(letters.next()),
            ('}', _) => return None,
            ('{', _) => {
                let at = match number(&mut letters) {
                    Some(at) => at,
                    None => {
                        next += 1;
                        next - 1
                    }
                };
                let form = match letters.next()? {
                    '}' => Form::default(),
                    ':' => {
                        let form = Form::read(&mut letters);
                        (letters.next()? == '}').then_some(form)?
                    }
                    _ => return None,
                };
                pieces.extend([Piece::Plain(std::mem::take(&mut plain)), Piece::Place(at, form)]);
            }
            (c, _) => plain.push(c),
        }
    }
    pieces.push(Piece::Plain(plain));
    Some(pieces)
}

/// `%d`, `%-8s`, `%.2f`; `%%` is a per cent sign.
fn percents(pattern: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut plain, mut next) = (Vec::new(), String::new(), 0);
    let mut letters = pattern.chars().peekable();
    while let Some(c) = letters.next() {
        if c != '%' {
            plain.push(c);
            continue;
        }
        if letters.next_if_eq(&'%').is_some() {
            plain.push('%');
            continue;
        }
        let mut form = Form::default();
        while let Some(flag) = letters.next_if(|c| "-+0,".contains(*c)) {
            match flag {
                '-' => form.align = Some('<'),
                '+' => form.plus = true,
                ',' => form.commas = true,
                _ => form.zeros = true,
            }
        }
        form.size(&mut letters);
        form.kind = Some(letters.next().filter(|kind| "dixXofFeEs".contains(*kind))?);
        form.align = form.align.or(Some('>'));
        if form.align == Some('<') {
            form.zeros = false;
        }
        pieces.extend([Piece::Plain(std::mem::take(&mut plain)), Piece::Place(next, form)]);
        next += 1;
    }
    pieces.push(Piece::Plain(plain));
    Some(pieces)
}

fn number(letters: &mut Letters<'_>) -> Option<usize> {
    let mut digits = String::new();
    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    digits.parse().ok()
}

impl Form {
    /// What stands after the colon.
    fn read(letters: &mut Letters<'_>) -> Self {
        let mut form = Self::default();
        let is_align = |c: Option<char>| c.filter(|c| "<>^".contains(*c));
        let mut ahead = letters.clone();
        let (first, second) = (ahead.next(), ahead.next());
        if let Some(align) = is_align(second) {
            (form.fill, form.align) = (first, Some(align));
            letters.nth(1);
        } else if let Some(align) = is_align(first) {
            form.align = Some(align);
            letters.next();
        }
        form.plus = letters.next_if_eq(&'+').is_some();
        form.zeros = letters.next_if_eq(&'0').is_some();
        form.size(letters);
        form.kind = letters.next_if(|c| c.is_ascii_alphabetic());
        form
    }

    /// `8`, `8,`, `8.2`.
    fn size(&mut self, letters: &mut Letters<'_>) {
        self.width = number(letters).unwrap_or(0).min(super::texts::MOST);
        self.commas |= letters.next_if_eq(&',').is_some();
        if letters.next_if_eq(&'.').is_some() {
            self.digits = Some(number(letters).unwrap_or(0).min(500));
        }
    }

    /// A value so written: nothing for null, and `Some(None)` where it does not fit.
    fn of(&self, part: &Part, row: usize) -> Option<Option<String>> {
        Some(match part {
            Part::Whole(values) => self.whole(values.get(row)?),
            Part::Float(values) => self.float(values.get(row)?),
            Part::Text(values) => self.text(values.get(row)?),
        })
    }

    fn whole(&self, x: i64) -> Option<String> {
        let size = x.unsigned_abs();
        let digits = match self.kind {
            None | Some('d' | 'i') if self.digits.is_none() => size.to_string(),
            Some('x') => format!("{size:x}"),
            Some('X') => format!("{size:X}"),
            Some('o') => format!("{size:o}"),
            Some('b') => format!("{size:b}"),
            _ => return None,
        };
        Some(self.signed(x < 0, digits))
    }

    fn float(&self, x: f64) -> Option<String> {
        if !x.is_finite() && self.kind.is_none_or(|kind| "fFeE".contains(kind)) {
            let sign = if x < 0.0 {
                "-"
            } else if self.plus {
                "+"
            } else {
                ""
            };
            let text = format!("{sign}{}", as_text::float(x.abs()));
            return (!self.zeros).then(|| self.wide(text, self.align.unwrap_or('<')));
        }
        let size = x.abs();
        let digits = match (self.kind, self.digits) {
            (None, None) => as_text::float(size),
            (Some('f' | 'F'), digits) => format!("{size:.*}", digits.unwrap_or(6)),
            (Some(kind @ ('e' | 'E')), digits) => {
                let text = format!("{size:.*e}", digits.unwrap_or(6));
                let (digits, exponent) = text.split_once('e')?;
                let exponent: i32 = exponent.parse().ok()?;
                format!("{digits}{kind}{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
            }
            _ => return None,
        };
        Some(self.signed(x.is_sign_negative(), digits))
    }

    fn text(&self, text: &str) -> Option<String> {
        if self.plus || self.zeros || self.commas || self.kind.is_some_and(|kind| kind != 's') {
            return None;
        }
        let text: String = text.chars().take(self.digits.unwrap_or(usize::MAX)).collect();
        Some(self.wide(text, self.align.unwrap_or('<')))
    }

    fn signed(&self, negative: bool, mut digits: String) -> String {
        if self.commas {
            let whole = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let mut at = whole;
            while at > 3 {
                at -= 3;
                digits.insert(at, ',');
            }
        }
        let sign = if negative {
            "-"
        } else if self.plus {
            "+"
        } else {
            ""
        };
        if self.zeros && self.align.is_none_or(|align| align == '>') {
            let missing = self.width.saturating_sub(sign.len() + digits.len());
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        self.wide(format!("{sign}{digits}"), self.align.unwrap_or('>'))
    }

    fn wide(&self, text: String, align: char) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let fill = |many: usize| self.fill.unwrap_or(' ').to_string().repeat(many);
        match align {
            '<' => text + &fill(missing),
            '^' => fill(missing / 2) + &text + &fill(missing - missing / 2),
            _ => fill(missing) + &text,
        }
    }
}
