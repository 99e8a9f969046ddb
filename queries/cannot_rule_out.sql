-- question: Whom can we not rule out, and what would have to be looked at?
-- parameters: none
-- columns:
--   address            the wallet
--   link_to_incident   what ties it to this incident: logged, event, contract, reported or chain_only
--   p_exposed          chance that the attacker holds its key or a usable signature
--   harm               none, not_known, ...
--   actions            what its owner did
--   live_approvals     approvals to attackers that stand now
--   unseen_signature   1 where a signature may exist that the chain does not show yet
--   covered            what was looked at
--   not_covered        what was not, and why
SELECT
    address,
    link_to_incident,
    p_exposed,
    harm,
    actions,
    live_approvals,
    CASE WHEN unseen_signature THEN 1 ELSE 0 END AS unseen_signature,
    covered,
    not_covered
FROM wallets
WHERE verdict = 'possible'
ORDER BY p_exposed DESC NULLS LAST, address
