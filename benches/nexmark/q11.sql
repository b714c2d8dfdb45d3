-- User sessions: how many bids each person made in each stretch of activity.
SELECT bidder, count(*) AS bid_count, window_start, window_end
FROM bid
GROUP BY bidder, session("dateTime", INTERVAL '10 seconds')
