mod formats;
mod history;
mod window;
