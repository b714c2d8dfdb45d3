mod formats;
mod history;
