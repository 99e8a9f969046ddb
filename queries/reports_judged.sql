-- question: Which reports of loss does the data support, contradict, or cannot tell?
-- parameters: none; a file of reports is judged by: exposure reports CASE FILE.csv
-- columns:
--   file               the file of reports; incident.toml for its [[report]]s
--   line               line in it
--   source             who took it down
--   judgement          supported, contradicted or cannot_tell: of the report, not of the wallet
--   address            the wallet
--   verdict            how sure we are of that wallet, whatever the report is worth; null where this case does not know it
--   harm               drained, partly_drained, ...
--   lost               what went to the attacker, exact, per token
--   tx_says            does the named transaction fit: yes, no or cannot_tell
--   time_says          the same of the time
--   amount_says        the same of the amount
--   did_says           the same of the deed
--   duplicate_of       the earlier report of the same wallet
--   reason             why
--   refs               the evidence
SELECT
    reports.file,
    reports.line,
    reports.source,
    reports.judgement,
    reports.address,
    reports.verdict,
    wallets.harm,
    wallets.lost,
    reports.tx_says,
    reports.time_says,
    reports.amount_says,
    reports.did_says,
    reports.duplicate_of,
    reports.reason,
    reports.refs
FROM reports
LEFT JOIN wallets ON reports.address = wallets.address
ORDER BY reports.judgement, reports.file, reports.line
