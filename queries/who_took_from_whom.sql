-- question: Which addresses of the attacker took what from whom, and when?
-- parameters: none
-- columns:
--   attacker       who got it
--   origin         how we know this address: config, discovered or person
--   confirmed      1 where the team or a person named it
--   address        the wallet that lost it
--   verdict        how sure we are of that wallet
--   chain_id       where
--   symbol         what the token calls itself: anyone can claim any name
--   token          the token's contract; 0xeeee...eeee is the native asset
--   items          1 where NFTs are counted
--   amount         the sum, exact, in base units (items: how many)
--   amount_f64     the same in whole tokens, rounded
--   usd            its worth then, where every price is known
--   losses         how many transfers
--   first_loss     time of the first (UTC)
--   last_loss      time of the last (UTC)
WITH known AS (
    SELECT address, MIN(origin) AS origin, MAX(CASE WHEN confirmed THEN 1 ELSE 0 END) AS confirmed
    FROM attackers
    GROUP BY address
)
SELECT
    takings.attacker,
    known.origin,
    known.confirmed,
    takings.address,
    wallets.verdict,
    takings.chain_id,
    tokens.symbol,
    takings.token,
    CASE WHEN takings.items THEN 1 ELSE 0 END AS items,
    takings.amount,
    takings.amount_f64,
    takings.usd,
    takings.losses,
    takings.first_loss,
    takings.last_loss
FROM takings
LEFT JOIN known ON takings.attacker = known.address
LEFT JOIN wallets ON takings.address = wallets.address
LEFT JOIN tokens ON takings.chain_id = tokens.chain_id AND takings.token = tokens.token_address
WHERE takings.attacker IS NOT NULL AND takings.address IS NOT NULL AND takings.hour IS NULL
ORDER BY takings.attacker, takings.first_loss, takings.address, takings.chain_id, takings.token, items
