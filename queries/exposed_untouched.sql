-- question: Who is exposed and has lost nothing yet that anyone has seen, most urgent first?
-- parameters: none
-- columns:
--   address          the wallet
--   urgency          still to save x chance that the attacker can take it: the order
--   p_exposed        chance that the attacker holds its key or a usable signature
--   harm             at_risk, moved_unconfirmed, empty, not_known, ...
--   at_risk          what is left to save, exact
--   live_approvals   approvals to attackers that stand now
--   actions          what its owner did
--   first_exposed    first exposure in the window (UTC)
--   last_exposed     last exposure in the window (UTC)
--   remedy           what its owner must do
SELECT
    wallets.address,
    wallets.urgency,
    wallets.p_exposed,
    wallets.harm,
    wallets.at_risk,
    wallets.live_approvals,
    wallets.actions,
    wallets.first_exposed,
    wallets.last_exposed,
    wallets.remedy
FROM wallets
LEFT JOIN (SELECT DISTINCT address AS robbed FROM losses) AS taken ON wallets.address = taken.robbed
WHERE wallets.verdict IN ('compromised', 'probable', 'exposed') AND taken.robbed IS NULL
ORDER BY wallets.urgency DESC NULLS LAST, wallets.p_exposed DESC NULLS LAST, wallets.address
