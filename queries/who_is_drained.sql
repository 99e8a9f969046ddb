-- question: Who lost something to the attacker, what exactly, and when?
-- columns:
--   address      the wallet
--   verdict      how sure we are
--   harm         drained, partly_drained, ...
--   lost         what went to the attacker, exact, per token
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
)
SELECT
    taken.address,
    wallets.verdict,
    wallets.harm,
    wallets.lost,
    taken.losses,
    taken.recipients,
    taken.first_loss,
    taken.last_loss,
    wallets.at_risk
FROM taken
LEFT JOIN wallets ON taken.address = wallets.address
ORDER BY taken.first_loss, taken.address
