//! Shapes as SVG text: real text, round joins, one decimal. Width and height are points.

use std::fmt::Write;

use super::look::Rgba;
use super::record::{Across, Picture, Shape};
use super::text;

pub fn write(picture: &Picture) -> String {
    let [width, height] = picture.layout.size;
    let mut out = String::new();
    let family = escape(text::FAMILY);
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" "#,
            r#"font-family="{2}" stroke-linejoin="round" fill="none">"#,
        ),
        Short(width),
        Short(height),
        family
    );
    for shape in &picture.shapes {
        element(&mut out, shape);
    }
    out.push_str("</svg>\n");
    out
}

fn element(out: &mut String, shape: &Shape) {
    let _ = match shape {
        Shape::Line { points, width, color } => {
            writeln!(
                out,
                r#"<polyline points="{}" {} stroke-width="{}"/>"#,
                Points(points),
                Paint("stroke", *color),
                Short(*width)
            )
        }
        Shape::Rect { rect, stroke, color } => {
            let (w, h) = (Short(rect.width()), Short(rect.height()));
            let (x, y) = (Short(rect.left), Short(rect.top));
            writeln!(out, r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" {}/>"#, Fill(*stroke, *color))
        }
        Shape::Circle { center: [x, y], radius, stroke, color } => {
            writeln!(
                out,
                r#"<circle cx="{}" cy="{}" r="{}" {}/>"#,
                Short(*x),
                Short(*y),
                Short(*radius),
                Fill(*stroke, *color)
            )
        }
        Shape::Polygon { points, color, .. } => {
            writeln!(out, r#"<polygon points="{}" {}/>"#, Points(points), Paint("fill", *color))
        }
        Shape::Text { text, at: [x, y], across, down, size, color, quarter_turns } => {
            let anchor = match across {
                Across::Left => "start",
                Across::Center => "middle",
                Across::Right => "end",
            };
            let turn = if *quarter_turns == 0 {
                String::new()
            } else {
                format!(r#" transform="rotate({} {} {})""#, u16::from(*quarter_turns) * 90, Short(*x), Short(*y))
            };
            let y = y + size * down.to_baseline();
            // A viewer may lack the fonts for what the text font cannot write: those texts carry their outlines.
            if !text::is_plain(text) {
                let x = match across {
                    Across::Left => *x,
                    Across::Center => x - text::width(text, *size) / 2.0,
                    Across::Right => x - text::width(text, *size),
                };
                let d = text::outlines(&text::clean(text), *size, (x, y));
                writeln!(
                    out,
                    r#"<path role="img" aria-label="{}" d="{d}" {}{turn}/>"#,
                    escape(text),
                    Paint("fill", *color)
                )
            } else {
                let y = Short(y);
                writeln!(
                    out,
                    r#"<text x="{}" y="{y}" text-anchor="{anchor}" font-size="{}" {}{turn}>{}</text>"#,
                    Short(*x),
                    Short(*size),
                    Paint("fill", *color),
                    escape(text)
                )
            }
        }
    };
}

/// Text between tags and in attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text::clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// A number with at most two decimals and no tail of zeros.
struct Short(f32);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", (f64::from(self.0) * 100.0).round() / 100.0 + 0.0)
    }
}

struct Points<'a>(&'a [[f32; 2]]);

impl std::fmt::Display for Points<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, [x, y]) in self.0.iter().enumerate() {
            write!(f, "{}{},{}", if i == 0 { "" } else { " " }, Short(*x), Short(*y))?;
        }
        Ok(())
    }
}

/// `fill="#…"` or `stroke="#…"`, with its opacity where there is one.
struct Paint(&'static str, Rgba);

impl std::fmt::Display for Paint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b, a] = self.1;
        write!(f, "{}=\"#{r:02x}{g:02x}{b:02x}\"", self.0)?;
        if a < 255 { write!(f, " {}-opacity=\"{}\"", self.0, Short(f32::from(a) / 255.0)) } else { Ok(()) }
    }
}

struct Fill(Option<f32>, Rgba);

impl std::fmt::Display for Fill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => write!(f, "{}", Paint("fill", self.1)),
            Some(width) => write!(f, "{} stroke-width=\"{}\"", Paint("stroke", self.1), Short(width)),
        }
    }
}
