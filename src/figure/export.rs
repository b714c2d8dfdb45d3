//! Pictures as files: PNG and SVG, from the same shapes as the screen.

use std::path::Path;

use super::look::Look;
use super::paint::Canvas;
use super::record::{Picture, record};
use super::spec::Figure;
use super::{png as encoder, svg as writer};
use crate::data::{Fault, Result};
use crate::disk;

/// File name endings that `save` understands.
pub const EXTENSIONS: &[&str] = &["png", "svg"];
/// Size of a saved picture in points, and a PNG's pixels per point.
const SIZE: [u32; 2] = [960, 600];
const SCALE: f32 = 2.0;
const MOST: u32 = 16_384;

/// A PNG of `width` by `height` pixels, `look.scale` of them to a point.
///
/// # Errors
/// When the size cannot be made or the figure's mark does not exist.
pub fn png(figure: &Figure, width: u32, height: u32, look: &Look) -> Result<Vec<u8>> {
    check(width, height)?;
    let scale = if look.scale.is_finite() { look.scale.clamp(0.25, 16.0) } else { 1.0 };
    let picture = record(figure, [width as f32 / scale, height as f32 / scale], &look.scaled(scale))?;
    let canvas = paint(&picture, width, height, scale);
    encoder::encode(canvas.width, canvas.height, &canvas.pixels, scale)
}

/// The shapes as pixels: three bytes each, row by row.
pub fn pixels(picture: &Picture, width: u32, height: u32, scale: f32) -> Vec<u8> {
    paint(picture, width, height, scale).pixels
}

fn paint(picture: &Picture, width: u32, height: u32, scale: f32) -> Canvas {
    let mut canvas = Canvas::new(width as usize, height as usize, scale);
    picture.shapes.iter().for_each(|shape| canvas.paint(shape));
    canvas
}

/// An SVG of `width` by `height` points.
///
/// # Errors
/// When the size cannot be made or the figure's mark does not exist.
pub fn svg(figure: &Figure, width: u32, height: u32, look: &Look) -> Result<String> {
    check(width, height)?;
    Ok(writer::write(&record(figure, [width as f32, height as f32], look)?))
}

/// Says before the work whether a picture of this name could be written.
///
/// # Errors
/// An ending that is neither `.png` nor `.svg`.
pub fn check_ending(path: &Path) -> Result<()> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if EXTENSIONS.contains(&extension.as_str()) {
        return Ok(());
    }
    Err(Fault::new(format!("pictures are not written as '.{extension}'"))
        .at(path.display().to_string())
        .hint("end the name with .png or .svg"))
}

/// Writes the picture in the format that the file's name ends with, light on white paper unless a look says otherwise.
///
/// # Errors
/// When the ending is neither, or the file cannot be written.
pub fn save(figure: &Figure, path: &Path, look: &Look) -> Result<()> {
    check_ending(path)?;
    let place = path.display().to_string();
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let bytes = match extension.as_str() {
        "png" => {
            let look = look.scaled(SCALE);
            png(figure, SIZE[0] * SCALE as u32, SIZE[1] * SCALE as u32, &look)?
        }
        _ => svg(figure, SIZE[0], SIZE[1], look)?.into_bytes(),
    };
    disk::write(path, &bytes).map_err(|error| write_fault(place, &error))
}

fn write_fault(place: String, error: &std::io::Error) -> Fault {
    use std::io::ErrorKind as K;
    let (what, hint) = match error.kind() {
        K::NotFound => ("the folder does not exist", "create it, or choose another"),
        K::PermissionDenied => ("writing there is not permitted", "choose another folder"),
        K::IsADirectory => ("it is a folder", "give a file name"),
        _ => return Fault::io(place, error),
    };
    Fault::new(what).at(place).hint(hint)
}

fn check(width: u32, height: u32) -> Result<()> {
    if width == 0 || height == 0 || width > MOST || height > MOST {
        return Err(Fault::new(format!("a picture of {width} × {height} cannot be made"))
            .hint(format!("each side from 1 to {MOST}")));
    }
    Ok(())
}
