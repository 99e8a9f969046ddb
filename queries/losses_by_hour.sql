-- question: How much was lost in each hour, and from how many wallets?
-- parameters: none
-- columns:
--   hour         start of the hour (UTC); hours without a loss have no row
--   chain_id     where
--   symbol       what the token calls itself: anyone can claim any name
--   token        the token's contract; 0xeeee...eeee is the native asset
--   items        1 where NFTs are counted
--   amount       the sum, exact, in base units (items: how many)
--   amount_f64   the same in whole tokens, rounded
--   usd          its worth then, where every price is known
--   wallets      how many wallets lost it
--   losses       how many transfers
SELECT
    takings.hour,
    takings.chain_id,
    tokens.symbol,
    takings.token,
    CASE WHEN takings.items THEN 1 ELSE 0 END AS items,
    takings.amount,
    takings.amount_f64,
    takings.usd,
    takings.wallets,
    takings.losses
FROM takings
LEFT JOIN tokens ON takings.chain_id = tokens.chain_id AND takings.token = tokens.token_address
WHERE takings.hour IS NOT NULL
ORDER BY takings.hour, takings.chain_id, takings.token, items
