-- Highest bid: the largest price of each 10 seconds, with its auction and bidder.
SELECT window_start, window_end, max(price) AS price, arg_max(auction, price) AS auction, arg_max(bidder, price) AS bidder
FROM bid
GROUP BY tumble("dateTime", INTERVAL '10 seconds')
