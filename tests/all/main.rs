mod formats;
mod history;
mod live;
mod live_ws;
