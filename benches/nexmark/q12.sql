-- Windows of a person: bids of each person in every 10 seconds. The original cuts by the clock of the machine, which gives
-- another answer each time; this one cuts by event time.
SELECT bidder, count(*) AS bid_count, window_start, window_end
FROM bid
GROUP BY bidder, tumble("dateTime", INTERVAL '10 seconds')
