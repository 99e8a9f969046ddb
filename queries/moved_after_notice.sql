-- question: What moved after the public was told: losses that still came, what the attacker sent on, and what owners moved?
-- parameters: none; the notice is the earliest [[fact]] of kind public_notice (no such fact gives no rows)
-- columns:
--   time               when (UTC)
--   notice             when the public was told (UTC)
--   what               loss (taken from a wallet), attacker_sent (the attacker sent it on), wallet_sent (by a wallet that must act)
--   chain_id           where
--   from_address       who had it
--   to_address         who got it
--   symbol             what the token calls itself: anyone can claim any name
--   token              the token's contract; 0xeeee...eeee is the native asset
--   token_id           the NFT
--   amount             exact, in base units
--   amount_f64         the same in whole tokens, rounded
--   transaction_hash   the transaction
WITH notice AS (
    SELECT MIN(time) AS told FROM facts WHERE kind = 'public_notice'
),
known AS (
    SELECT DISTINCT address FROM attackers
),
acting AS (
    SELECT address FROM wallets WHERE verdict IN ('compromised', 'probable', 'exposed')
),
stolen AS (
    SELECT DISTINCT chain_id, transaction_hash, address, token FROM losses
),
moved AS (
    SELECT
        losses.time AS time, 'loss' AS what, losses.chain_id, losses.address AS from_address,
        losses.attacker AS to_address, losses.token, losses.token_id, losses.amount, losses.amount_f64,
        losses.transaction_hash, losses.log_index
    FROM losses
    UNION ALL
    SELECT
        transfers.timestamp AS time, 'attacker_sent' AS what, transfers.chain_id, transfers.from_address,
        transfers.to_address, transfers.token_address AS token, transfers.token_id, transfers.value AS amount,
        transfers.value_f64 AS amount_f64, transfers.transaction_hash, transfers.log_index
    FROM transfers
    WHERE transfers.from_address IN (SELECT address FROM known) AND transfers.value <> '0'
    UNION ALL
    SELECT
        transfers.timestamp AS time, 'wallet_sent' AS what, transfers.chain_id, transfers.from_address,
        transfers.to_address, transfers.token_address AS token, transfers.token_id, transfers.value AS amount,
        transfers.value_f64 AS amount_f64, transfers.transaction_hash, transfers.log_index
    FROM transfers
    LEFT JOIN stolen
        ON transfers.chain_id = stolen.chain_id AND transfers.transaction_hash = stolen.transaction_hash
        AND transfers.from_address = stolen.address AND transfers.token_address = stolen.token
    WHERE transfers.from_address IN (SELECT address FROM acting) AND transfers.value <> '0' AND stolen.address IS NULL
)
SELECT
    moved.time,
    notice.told AS notice,
    moved.what,
    moved.chain_id,
    moved.from_address,
    moved.to_address,
    tokens.symbol,
    moved.token,
    moved.token_id,
    moved.amount,
    moved.amount_f64,
    moved.transaction_hash
FROM moved
CROSS JOIN notice
LEFT JOIN tokens ON moved.chain_id = tokens.chain_id AND moved.token = tokens.token_address
WHERE moved.time > notice.told
ORDER BY
    moved.time, moved.chain_id, moved.transaction_hash, moved.log_index NULLS FIRST, moved.token, moved.token_id NULLS FIRST,
    moved.what
