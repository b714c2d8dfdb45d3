
mod window;
