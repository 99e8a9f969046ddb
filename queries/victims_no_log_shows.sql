-- question: Which victims stand in no log, and are known from the chain or from reports alone?
-- parameters: none
-- columns:
--   address            the wallet
--   verdict            how sure we are
--   link_to_incident   reported or chain_only; chain_only may be the victim of another site that the same attacker robs
--   reported           1 where somebody reported it
--   harm               drained, partly_drained, ...
--   lost               what went to the attacker, exact, per token
--   first_loss         time of the first loss (UTC)
--   at_risk            what is left to save, exact
SELECT
    wallets.address,
    wallets.verdict,
    wallets.link_to_incident,
    CASE WHEN told.address IS NULL THEN 0 ELSE 1 END AS reported,
    wallets.harm,
    wallets.lost,
    taken.first_loss,
    wallets.at_risk
FROM wallets
LEFT JOIN (SELECT DISTINCT address FROM sightings WHERE link <> 'report') AS seen ON wallets.address = seen.address
LEFT JOIN (SELECT DISTINCT address FROM sightings WHERE link = 'report') AS told ON wallets.address = told.address
LEFT JOIN (SELECT address, MIN(time) AS first_loss FROM losses GROUP BY address) AS taken
    ON wallets.address = taken.address
WHERE wallets.verdict IN ('compromised', 'probable') AND seen.address IS NULL
ORDER BY taken.first_loss NULLS LAST, wallets.address
