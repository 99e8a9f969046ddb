-- question: Who lost something to the attacker, how much, to whom, and when?
-- parameters: none
-- columns:
--   address      the wallet
--   verdict      how sure we are
--   harm         drained, partly_drained, ...
--   lost         what went to the attacker, exact, per token
--   first_to     the address of the attacker that took first; who_took_from_whom has them all
--   losses       how many transfers took it
--   recipients   how many different addresses of the attacker got it
--   first_loss   time of the first (UTC)
--   last_loss    time of the last (UTC)
--   at_risk      what is still left to save, exact
WITH taken AS (
    SELECT
        address,
        COUNT(*) AS losses,
        COUNT(DISTINCT attacker) AS recipients,
        MIN(time) AS first_loss,
        MAX(time) AS last_loss
    FROM losses
    GROUP BY address
),
first_takers AS (
    SELECT taken.address, MIN(losses.attacker) AS first_to
    FROM taken
    JOIN losses ON taken.address = losses.address AND taken.first_loss = losses.time
    GROUP BY taken.address
)
SELECT
    taken.address,
    wallets.verdict,
    wallets.harm,
    wallets.lost,
    first_takers.first_to,
    taken.losses,
    taken.recipients,
    taken.first_loss,
    taken.last_loss,
    wallets.at_risk
FROM taken
LEFT JOIN wallets ON taken.address = wallets.address
LEFT JOIN first_takers ON taken.address = first_takers.address
ORDER BY taken.first_loss, taken.address
