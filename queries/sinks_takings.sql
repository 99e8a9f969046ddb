-- question: What did each address of the attacker take in all, from how many wallets, and when first and last?
-- parameters: none
-- columns:
--   attacker     who got it
--   roles        sink, spender, delegate or funder (the first by name, where there are several)
--   origin       how we know this address: config, discovered or person
--   confirmed    1 where the team or a person named it
--   chain_id     where; null where it took nothing that is known
--   symbol       what the token calls itself: anyone can claim any name
--   token        the token's contract; 0xeeee...eeee is the native asset
--   items        1 where NFTs are counted
--   amount       the sum, exact, in base units (items: how many)
--   amount_f64   the same in whole tokens, rounded
--   usd          its worth then, where every price is known
--   wallets      how many wallets lost it
--   losses       how many transfers
--   first_loss   time of the first (UTC)
--   last_loss    time of the last (UTC)
WITH known AS (
    SELECT
        address,
        MIN(role) AS roles,
        MIN(origin) AS origin,
        MAX(CASE WHEN confirmed THEN 1 ELSE 0 END) AS confirmed
    FROM attackers
    GROUP BY address
),
sums AS (
    SELECT * FROM takings WHERE attacker IS NOT NULL AND address IS NULL AND hour IS NULL
)
SELECT
    known.address AS attacker,
    known.roles,
    known.origin,
    known.confirmed,
    sums.chain_id,
    tokens.symbol,
    sums.token,
    CASE WHEN sums.items THEN 1 WHEN sums.items IS NOT NULL THEN 0 END AS items,
    sums.amount,
    sums.amount_f64,
    sums.usd,
    sums.wallets,
    sums.losses,
    sums.first_loss,
    sums.last_loss
FROM known
LEFT JOIN sums ON known.address = sums.attacker
LEFT JOIN tokens ON sums.chain_id = tokens.chain_id AND sums.token = tokens.token_address
ORDER BY known.address, sums.first_loss NULLS LAST, sums.chain_id NULLS LAST, sums.token NULLS LAST, items NULLS LAST
