
mod live;
mod live_ws;
