-- question: Whose approvals or delegations to the attacker are live now, and must be revoked?
-- parameters: none
-- columns:
--   address     the wallet that gave it
--   verdict     how sure we are that the wallet is in danger
--   chain_id    where
--   what        erc20, erc721, for_all, permit2 (revoke it), or delegation (EIP-7702: treat the key as stolen)
--   symbol      what the token calls itself: anyone can claim any name
--   token       the token's contract; null for a delegation
--   token_id    the NFT, where one alone is approved
--   spender     the attacker's address
--   confirmed   1 where the team or a person named that address
--   value       how much may be taken, exact, in base units (for_all: 1)
--   unlimited   1 where there is no limit
--   known_by    state: read from the chain's state; event: given in an event and not taken back in one (it may be used up)
WITH known AS (
    SELECT address, MAX(CASE WHEN confirmed THEN 1 ELSE 0 END) AS confirmed
    FROM attackers
    GROUP BY address
),
asked AS (
    SELECT chain_id, address FROM accounts
    UNION
    SELECT chain_id, address FROM balances
),
states AS (
    SELECT
        chain_id, from_address, to_address, token_address, token_id, standard, value, unlimited,
        ROW_NUMBER() OVER (
            PARTITION BY chain_id, from_address, to_address, token_address, token_id, standard
            ORDER BY block_number DESC
        ) AS latest
    FROM allowances
    WHERE to_address IN (SELECT address FROM known)
),
given AS (
    SELECT
        chain_id, from_address, to_address, token_address, token_id, standard, value, unlimited,
        ROW_NUMBER() OVER (
            PARTITION BY chain_id, from_address, to_address, token_address, token_id, standard
            ORDER BY block_number DESC, transaction_index DESC, log_index DESC
        ) AS latest
    FROM approvals
    WHERE to_address IN (SELECT address FROM known)
),
codes AS (
    SELECT
        chain_id, from_address, to_address,
        ROW_NUMBER() OVER (PARTITION BY chain_id, from_address ORDER BY block_number DESC) AS latest
    FROM delegations
),
live AS (
    SELECT
        chain_id, from_address, to_address, standard AS what, token_address, token_id, value, unlimited,
        'state' AS known_by
    FROM states
    WHERE latest = 1 AND value <> '0'
    UNION ALL
    SELECT
        given.chain_id, given.from_address, given.to_address, given.standard AS what, given.token_address, given.token_id,
        given.value, given.unlimited, 'event' AS known_by
    FROM given
    LEFT JOIN asked ON given.chain_id = asked.chain_id AND given.from_address = asked.address
    WHERE given.latest = 1 AND given.value <> '0' AND asked.address IS NULL
    UNION ALL
    SELECT
        chain_id, from_address, to_address, 'delegation' AS what, CAST(NULL AS STRING) AS token_address,
        CAST(NULL AS STRING) AS token_id, CAST(NULL AS STRING) AS value, CAST(NULL AS BOOLEAN) AS unlimited,
        'state' AS known_by
    FROM codes
    WHERE latest = 1
)
SELECT
    live.from_address AS address,
    wallets.verdict,
    live.chain_id,
    live.what,
    tokens.symbol,
    live.token_address AS token,
    live.token_id,
    live.to_address AS spender,
    known.confirmed,
    live.value,
    CASE WHEN live.unlimited THEN 1 ELSE 0 END AS unlimited,
    live.known_by
FROM live
JOIN known ON live.to_address = known.address
LEFT JOIN wallets ON live.from_address = wallets.address
LEFT JOIN tokens ON live.chain_id = tokens.chain_id AND live.token_address = tokens.token_address
WHERE live.from_address NOT IN (SELECT address FROM known)
ORDER BY
    wallets.urgency DESC NULLS LAST, address, live.chain_id, live.what, token NULLS LAST, live.token_id NULLS LAST, spender
