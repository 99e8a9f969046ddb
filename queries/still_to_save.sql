-- question: Who can still be saved, in which order, and how much is it?
-- parameters: none
-- columns:
--   address      the wallet
--   verdict      how sure we are that it is in danger
--   urgency      still to save x chance that the attacker can take it: the order
--   p_exposed    chance that the attacker holds its key or a usable signature
--   chain_id     where the asset is
--   symbol       what the token calls itself: anyone can claim any name
--   token        the token's contract; 0xeeee...eeee is the native asset
--   amount       what is held, exact, in base units
--   amount_f64   the same in whole tokens, rounded
--   usd          its worth, where a price is known
--   remedy       what its owner must do
SELECT
    wallets.address,
    wallets.verdict,
    wallets.urgency,
    wallets.p_exposed,
    holdings.chain_id,
    tokens.symbol,
    holdings.token,
    holdings.amount,
    holdings.amount_f64,
    holdings.usd,
    wallets.remedy
FROM wallets
JOIN holdings ON wallets.address = holdings.address
LEFT JOIN tokens ON holdings.chain_id = tokens.chain_id AND holdings.token = tokens.token_address
WHERE holdings.at_risk AND wallets.verdict <> 'no_sign'
ORDER BY wallets.urgency DESC NULLS LAST, wallets.address, holdings.chain_id, holdings.token
