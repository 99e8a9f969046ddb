-- question: Which addresses of the attacker took what from whom, and when?
-- columns:
--   attacker       who got it
--   origin         how we know this address: config, discovered or person
--   confirmed      1 where the team or a person named it
--   address        the wallet that lost it
--   verdict        how sure we are of that wallet
--   chain_id       where
--   symbol         what the token calls itself: anyone can claim any name
--   token          the token's contract; 0xeeee...eeee is the native asset
--   losses         how many transfers
--   about_tokens   their sum in whole tokens, rounded; the exact sum stands in wallets.lost and in the sheet
--   first_loss     time of the first (UTC)
--   last_loss      time of the last (UTC)
WITH known AS (
    SELECT address, MIN(origin) AS origin, MAX(CASE WHEN confirmed THEN 1 ELSE 0 END) AS confirmed
    FROM attackers
    GROUP BY address
),
taken AS (
    SELECT
        attacker,
        address,
        chain_id,
        token,
        COUNT(*) AS losses,
        SUM(amount_f64) AS about_tokens,
        MIN(time) AS first_loss,
        MAX(time) AS last_loss
    FROM losses
    GROUP BY attacker, address, chain_id, token
)
SELECT
    taken.attacker,
    known.origin,
    known.confirmed,
    taken.address,
    wallets.verdict,
    taken.chain_id,
    tokens.symbol,
    taken.token,
    taken.losses,
    taken.about_tokens,
    taken.first_loss,
    taken.last_loss
FROM taken
LEFT JOIN known ON taken.attacker = known.address
LEFT JOIN wallets ON taken.address = wallets.address
LEFT JOIN tokens ON taken.chain_id = tokens.chain_id AND taken.token = tokens.token_address
ORDER BY taken.attacker, taken.first_loss, taken.address, taken.chain_id, taken.token
