-- Hot items: the auctions with most bids in each window of 10 seconds that slides by 2.
SELECT auction, count(*) AS num, window_start, window_end
FROM bid
GROUP BY auction, hop("dateTime", INTERVAL '2 seconds', INTERVAL '10 seconds')
QUALIFY rank() OVER (PARTITION BY window_start ORDER BY count(*) DESC) = 1
